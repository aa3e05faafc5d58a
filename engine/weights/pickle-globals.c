/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pickle-globals.h"

#include <string.h>

#define INERT(module, name)                                                                        \
    {                                                                                              \
        module, name, HRNET_GLOBAL_INERT, HRNET_DTYPE_OTHER, NULL, 0                               \
    }
#define STORAGE(name, dtype, dtype_name, bytes)                                                    \
    {                                                                                              \
        "torch", name, HRNET_GLOBAL_STORAGE, dtype, dtype_name, bytes                              \
    }

static const HrnetGlobal globals[] = {
    { "collections", "OrderedDict", HRNET_GLOBAL_DICT, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_tensor", HRNET_GLOBAL_TENSOR, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_tensor_v2", HRNET_GLOBAL_TENSOR, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_parameter", HRNET_GLOBAL_PARAMETER, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_parameter_with_state", HRNET_GLOBAL_PARAMETER, HRNET_DTYPE_OTHER,
      NULL, 0 },
    { "torch._tensor", "_rebuild_from_type_v2", HRNET_GLOBAL_SUBCLASS, HRNET_DTYPE_OTHER, NULL, 0 },
    STORAGE("FloatStorage", HRNET_DTYPE_F32, "F32", 4),
    STORAGE("HalfStorage", HRNET_DTYPE_F16, "F16", 2),
    STORAGE("BFloat16Storage", HRNET_DTYPE_BF16, "BF16", 2),
    STORAGE("DoubleStorage", HRNET_DTYPE_F64, "F64", 8),
    STORAGE("LongStorage", HRNET_DTYPE_OTHER, "I64", 8),
    STORAGE("IntStorage", HRNET_DTYPE_OTHER, "I32", 4),
    STORAGE("ShortStorage", HRNET_DTYPE_OTHER, "I16", 2),
    STORAGE("CharStorage", HRNET_DTYPE_OTHER, "I8", 1),
    STORAGE("ByteStorage", HRNET_DTYPE_OTHER, "U8", 1),
    STORAGE("BoolStorage", HRNET_DTYPE_OTHER, "BOOL", 1),
    /* All others, last: what checkpoints hold beside the weights. */
    INERT("", ""),
};

/* Modules whose functions start programs, load code or open files. Nothing is called here, but a
 * file that names them is not one to trust. */
static const gchar *const executors[] = {
    "_posixsubprocess",
    "asyncio",
    "bdb",
    "builtins",
    "__builtin__",
    "cProfile",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "dill",
    "cloudpickle",
    "http",
    "imp",
    "importlib",
    "io",
    "_io",
    "joblib",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "_operator",
    "os",
    "pdb",
    "pickle",
    "_pickle",
    "cPickle",
    "pip",
    "pkgutil",
    "platform",
    "popen2",
    "posix",
    "profile",
    "pty",
    "requests",
    "runpy",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "trace",
    "types",
    "urllib",
    "urllib2",
    "webbrowser",
    "zipimport",
};

/* Parts of others that do. */
static const gchar *const executing_names[] = {
    "torch.load",
    "torch.hub",
    "torch.package",
    "torch.utils.cpp_extension",
    "torch.storage._load_from_bytes",
    "torch.serialization",
    "numpy.load",
    "numpy.testing",
    "numpy.f2py",
    "numpy.distutils",
    "distutils",
    "setuptools",
    "unittest.mock",
    "site",
};

/* Of a module of executors, what makes plain values. */
static const gchar *const harmless[] = {
    "set",     "frozenset", "list",   "dict",       "tuple",
    "int",     "float",     "bool",   "str",        "bytes",
    "complex", "long",      "slice",  "unicode",    "bytearray",
    "object",  "range",     "xrange", "basestring", "SimpleNamespace",
    "getattr", /* how methods are named: getattr(class, "name") */
};

/* Whether a dotted name is another, or lies in it. */
static gboolean lies_in(const gchar *name, const gchar *outer)
{
    const gsize n = strlen(outer);
    return strncmp(name, outer, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

static gboolean is_executor(const gchar *module, const gchar *name)
{
    g_autofree gchar *whole = g_strconcat(module, ".", name, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(executing_names); i++)
        if (lies_in(whole, executing_names[i]))
            return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(executors); i++) {
        if (!lies_in(module, executors[i]))
            continue;
        for (guint k = 0; k < G_N_ELEMENTS(harmless); k++)
            if (strcmp(name, harmless[k]) == 0)
                return FALSE;
        return !g_str_has_suffix(name, "Error") && !g_str_has_suffix(name, "Exception");
    }
    return FALSE;
}

gint hrnet_global_find(const gchar *module, const gchar *name)
{
    for (guint i = 0; i + 1 < G_N_ELEMENTS(globals); i++)
        if (strcmp(globals[i].module, module) == 0 && strcmp(globals[i].name, name) == 0)
            return (gint)i;
    if (is_executor(module, name))
        return -1;
    g_debug("the Python object %s.%s is not looked at", module, name);
    return G_N_ELEMENTS(globals) - 1;
}

const HrnetGlobal *hrnet_global_get(guint index)
{
    return &globals[index];
}
