/* The pickle machine's opcodes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pickle.h"

#include <string.h>

#include "weights/pickle-globals.h"
#include "weights/pickle-machine.h"

/* Of an entry of the memo, while its table is copied into one twice as large. */
#define MEMO_BYTES 60

static gboolean op_mark(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op, (void)error;
    if (!hrnet_budget_take(pickle->budget, sizeof(guint), 0))
        return FALSE;
    g_array_append_val(pickle->marks, pickle->stack->len);
    return TRUE;
}

static gboolean op_pop(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    if (op == '0' && pickle->stack->len > hrnet_pickle_floor(pickle))
        return hrnet_pickle_pop(pickle) != NULL;
    HrnetPickleValue *rest =
        hrnet_pickle_make(pickle, HRNET_PICKLE_LIST); /* POP of a mark, or POP_MARK */
    return hrnet_pickle_collect(pickle, rest);
}

static gboolean op_dup(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op, (void)error;
    HrnetPickleValue *value = hrnet_pickle_top(pickle);
    return value && hrnet_pickle_push(pickle, value);
}

/* PROTO and FRAME: nothing to do but to pass over their numbers. */
static gboolean op_skip(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 number;
    return hrnet_pickle_take_number(pickle, op == 0x80 ? 1 : 8, &number, error);
}

static gboolean op_constant(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    HrnetPickleValue *value =
        hrnet_pickle_make(pickle, op == 'N' ? HRNET_PICKLE_NONE : HRNET_PICKLE_BOOL);
    if (value)
        value->integer = op == 0x88;
    return hrnet_pickle_push(pickle, value);
}

static gboolean op_integer(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 number;
    guint n_bytes = op == 'K' ? 1 : op == 'M' ? 2 : 4;
    if (!hrnet_pickle_take_number(pickle, n_bytes, &number, error))
        return FALSE;
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_INT);
    if (value)
        value->integer = op == 'J' ? (gint32)number : (gint64)number;
    return hrnet_pickle_push(pickle, value);
}

/* LONG1, LONG4: two's complement, any length; of no use to us beyond 8 bytes. */
static gboolean op_long(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 n_bytes, number = 0;
    if (!hrnet_pickle_take_number(pickle, op == 0x8a ? 1 : 4, &n_bytes, error))
        return FALSE;
    if (n_bytes > 8) {
        HrnetPickleValue *bytes = hrnet_pickle_take_text(pickle, n_bytes, error);
        return bytes && hrnet_pickle_push(pickle, hrnet_pickle_make(pickle, HRNET_PICKLE_OPAQUE));
    }
    if (!hrnet_pickle_take_number(pickle, (guint)n_bytes, &number, error))
        return FALSE;
    if (n_bytes && n_bytes < 8 && number >> (8 * n_bytes - 1) & 1)
        number |= ~(guint64)0 << 8 * n_bytes;
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_INT);
    if (value)
        value->integer = (gint64)number;
    return hrnet_pickle_push(pickle, value);
}

static gboolean op_double(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op;
    guint64 number;
    if (!hrnet_pickle_take_number(pickle, 8, &number, error))
        return FALSE;
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_FLOAT);
    number = GUINT64_FROM_BE(number);
    if (value)
        memcpy(&value->real, &number, sizeof number);
    return hrnet_pickle_push(pickle, value);
}

/* Protocol 0's numbers and texts, as lines; "I01" and "I00" are booleans. */
static gboolean op_line(HrnetPickle *pickle, guint8 op, GError **error)
{
    HrnetPickleValue *value = hrnet_pickle_take_line(pickle, error);
    if (!value || op == 'V' || op == 'S') {
        guint n = value ? value->n_items : 0;
        if (op == 'S' && value && n >= 2 && value->text[0] == value->text[n - 1]) { /* quotes */
            memmove(value->text, value->text + 1, n - 2);
            value->text[value->n_items = n - 2] = '\0';
        }
        return hrnet_pickle_push(pickle, value);
    }
    g_autofree gchar *text = value->text;
    value->kind = op == 'F' ? HRNET_PICKLE_FLOAT : HRNET_PICKLE_INT;
    value->n_items = 0;
    if (op == 'F')
        value->real = g_ascii_strtod(text, NULL);
    else
        value->integer = g_ascii_strtoll(text, NULL, 10);
    if (op == 'I' && (strcmp(text, "00") == 0 || strcmp(text, "01") == 0))
        value->kind = HRNET_PICKLE_BOOL;
    return hrnet_pickle_push(pickle, value);
}

static gboolean op_text(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 n_bytes;
    gboolean is_short = op == 'U' || op == 'C' || op == 0x8c, is_long = op == 0x8d || op == 0x8e;
    return hrnet_pickle_take_number(pickle,
                                    is_short  ? 1
                                    : is_long ? 8
                                              : 4,
                                    &n_bytes, error) &&
           hrnet_pickle_push(pickle, hrnet_pickle_take_text(pickle, n_bytes, error));
}

static gboolean op_empty(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    HrnetPickleKind kind = op == ')'   ? HRNET_PICKLE_TUPLE
                           : op == ']' ? HRNET_PICKLE_LIST
                           : op == '}' ? HRNET_PICKLE_DICT
                                       : HRNET_PICKLE_OPAQUE; /* a set */
    return hrnet_pickle_push(pickle, hrnet_pickle_make(pickle, kind));
}

/* TUPLE1 to TUPLE3. */
static gboolean op_small_tuple(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    guint n = op - 0x84u;
    HrnetPickleValue *tuple = hrnet_pickle_make(pickle, HRNET_PICKLE_TUPLE);
    if (!tuple)
        return FALSE;
    if (pickle->stack->len < hrnet_pickle_floor(pickle) + n) {
        pickle->trouble = "its stack is empty";
        return FALSE;
    }
    for (guint i = pickle->stack->len - n; i < pickle->stack->len; i++)
        if (!hrnet_pickle_append(pickle, tuple, pickle->stack->pdata[i]))
            return FALSE;
    g_ptr_array_set_size(pickle->stack, (gint)(pickle->stack->len - n));
    return hrnet_pickle_push(pickle, tuple);
}

static gboolean even_dict(HrnetPickle *pickle, const HrnetPickleValue *value)
{
    if (value->kind == HRNET_PICKLE_DICT && value->n_items % 2 != 0) {
        pickle->trouble = "a dictionary with a key and no value";
        return FALSE;
    }
    return TRUE;
}

/* TUPLE, LIST, DICT, FROZENSET of what lies above the mark. */
static gboolean op_marked(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    HrnetPickleKind kind = op == 't'   ? HRNET_PICKLE_TUPLE
                           : op == 'd' ? HRNET_PICKLE_DICT
                                       : HRNET_PICKLE_LIST;
    HrnetPickleValue *value = hrnet_pickle_make(pickle, kind);
    return hrnet_pickle_collect(pickle, value) && even_dict(pickle, value) &&
           hrnet_pickle_push(pickle, value);
}

/* APPENDS, SETITEMS, ADDITEMS: onto the value below the mark. */
static gboolean op_extend(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    if (pickle->marks->len == 0 || hrnet_pickle_floor(pickle) == 0) {
        pickle->trouble = "it lacks a mark";
        return FALSE;
    }
    HrnetPickleValue *target = pickle->stack->pdata[hrnet_pickle_floor(pickle) - 1];
    HrnetPickleKind wanted = op == 'u' ? HRNET_PICKLE_DICT : HRNET_PICKLE_LIST;
    if (target->kind != wanted && target->kind != HRNET_PICKLE_OPAQUE) {
        pickle->trouble = "items for something that holds none";
        return FALSE;
    }
    return hrnet_pickle_collect(pickle, target) && even_dict(pickle, target);
}

/* APPEND, SETITEM. */
static gboolean op_add(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)error;
    HrnetPickleValue *value = hrnet_pickle_pop(pickle),
                     *key = op == 's' && value ? hrnet_pickle_pop(pickle) : value;
    HrnetPickleValue *target = key ? hrnet_pickle_top(pickle) : NULL;
    if (!target)
        return FALSE;
    if (target->kind != HRNET_PICKLE_OPAQUE &&
        target->kind != (op == 's' ? HRNET_PICKLE_DICT : HRNET_PICKLE_LIST)) {
        pickle->trouble = "items for something that holds none";
        return FALSE;
    }
    return (op != 's' || hrnet_pickle_append(pickle, target, key)) &&
           hrnet_pickle_append(pickle, target, value);
}

static gboolean push_global(HrnetPickle *pickle, const gchar *module, const gchar *name,
                            GError **error)
{
    gint index = hrnet_global_find(module, name);
    if (index < 0)
        return hrnet_weights_fail(
            error, HRNET_WEIGHTS_ERROR_INVALID, pickle->path,
            "asks for the Python object %s.%s, which a checkpoint has no need of: refused", module,
            name);
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_GLOBAL);
    if (value)
        value->global = (guint)index;
    return hrnet_pickle_push(pickle, value);
}

/* GLOBAL has two lines, STACK_GLOBAL two texts. */
static gboolean op_global(HrnetPickle *pickle, guint8 op, GError **error)
{
    HrnetPickleValue *module, *name;
    if (op == 'c') {
        module = hrnet_pickle_take_line(pickle, error);
        name = module ? hrnet_pickle_take_line(pickle, error) : NULL;
    } else {
        name = hrnet_pickle_pop(pickle);
        module = name ? hrnet_pickle_pop(pickle) : NULL;
        if (module && (module->kind != HRNET_PICKLE_TEXT || name->kind != HRNET_PICKLE_TEXT)) {
            pickle->trouble = "a name that is no text";
            return FALSE;
        }
    }
    return module && name && push_global(pickle, module->text, name->text, error);
}

static gboolean op_storage(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op, (void)error;
    HrnetPickleValue *id = hrnet_pickle_pop(pickle);
    return id && hrnet_pickle_push(pickle, hrnet_pickle_storage(pickle, id));
}

/* REDUCE, NEWOBJ. */
static gboolean op_reduce(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op, (void)error;
    HrnetPickleValue *args = hrnet_pickle_pop(pickle),
                     *callable = args ? hrnet_pickle_pop(pickle) : NULL;
    return callable && hrnet_pickle_push(pickle, hrnet_pickle_reduce(pickle, callable, args));
}

/* BUILD sets attributes. Those of an object are kept with it; those of plain values, such as a
 * state dict's `_metadata`, are of no use. */
static gboolean op_build(HrnetPickle *pickle, guint8 op, GError **error)
{
    (void)op, (void)error;
    HrnetPickleValue *state = hrnet_pickle_pop(pickle),
                     *target = state ? hrnet_pickle_top(pickle) : NULL;
    return target &&
           (target->kind != HRNET_PICKLE_OPAQUE || hrnet_pickle_append(pickle, target, state));
}

/* NEWOBJ_EX: as NEWOBJ, with named arguments on top. */
static gboolean op_reduce_named(HrnetPickle *pickle, guint8 op, GError **error)
{
    return hrnet_pickle_pop(pickle) && op_reduce(pickle, op, error);
}

static gboolean memo_key(HrnetPickle *pickle, guint8 op, guint64 *key, GError **error)
{
    if (op == 'p' || op == 'g') {
        HrnetPickleValue *line = hrnet_pickle_take_line(pickle, error);
        if (!line || !g_ascii_string_to_unsigned(line->text, 10, 0, G_MAXUINT32, key, NULL)) {
            pickle->trouble = "a memo number that is none";
            return FALSE;
        }
        return TRUE;
    }
    return hrnet_pickle_take_number(pickle, op == 'q' || op == 'h' ? 1 : 4, key, error);
}

/* PUT, BINPUT, LONG_BINPUT, MEMOIZE. */
static gboolean op_put(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 key = g_hash_table_size(pickle->memo);
    if (op != 0x94 && !memo_key(pickle, op, &key, error))
        return FALSE;
    HrnetPickleValue *value = hrnet_pickle_top(pickle);
    if (!value || !hrnet_budget_take(pickle->budget, MEMO_BYTES, 1))
        return FALSE;
    g_hash_table_insert(pickle->memo, GUINT_TO_POINTER((guint)key), value);
    return TRUE;
}

/* GET, BINGET, LONG_BINGET. */
static gboolean op_get(HrnetPickle *pickle, guint8 op, GError **error)
{
    guint64 key;
    if (!memo_key(pickle, op, &key, error))
        return FALSE;
    HrnetPickleValue *value = g_hash_table_lookup(pickle->memo, GUINT_TO_POINTER((guint)key));
    if (!value)
        pickle->trouble = "a memo number that was never set";
    return hrnet_pickle_push(pickle, value);
}

typedef gboolean (*Opcode)(HrnetPickle *pickle, guint8 op, GError **error);

static const Opcode opcodes[256] = {
    ['('] = op_mark,         ['0'] = op_pop,          ['1'] = op_pop,
    ['2'] = op_dup,          ['N'] = op_constant,     [0x88] = op_constant,
    [0x89] = op_constant,    ['J'] = op_integer,      ['K'] = op_integer,
    ['M'] = op_integer,      [0x8a] = op_long,        [0x8b] = op_long,
    ['G'] = op_double,       ['I'] = op_line,         ['L'] = op_line,
    ['F'] = op_line,         ['S'] = op_line,         ['V'] = op_line,
    ['U'] = op_text,         ['T'] = op_text,         ['C'] = op_text,
    ['B'] = op_text,         ['X'] = op_text,         [0x8c] = op_text,
    [0x8d] = op_text,        [0x8e] = op_text,        [')'] = op_empty,
    [']'] = op_empty,        ['}'] = op_empty,        [0x8f] = op_empty,
    ['t'] = op_marked,       ['l'] = op_marked,       ['d'] = op_marked,
    [0x91] = op_marked,      [0x85] = op_small_tuple, [0x86] = op_small_tuple,
    [0x87] = op_small_tuple, ['a'] = op_add,          ['s'] = op_add,
    ['e'] = op_extend,       ['u'] = op_extend,       [0x90] = op_extend,
    ['c'] = op_global,       [0x93] = op_global,      ['Q'] = op_storage,
    ['R'] = op_reduce,       [0x81] = op_reduce,      [0x92] = op_reduce_named,
    ['b'] = op_build,        ['p'] = op_put,          ['q'] = op_put,
    ['r'] = op_put,          [0x94] = op_put,         ['g'] = op_get,
    ['h'] = op_get,          ['j'] = op_get,          [0x80] = op_skip,
    [0x95] = op_skip,
};

static gboolean step(HrnetPickle *pickle, guint8 *op, GError **error)
{
    guint64 code;
    if (!hrnet_budget_take(pickle->budget, 0, 1))
        return FALSE;
    if (!hrnet_pickle_take_number(pickle, 1, &code, error))
        return FALSE;
    *op = (guint8)code;
    if (*op == '.')
        return TRUE;
    if (!opcodes[*op]) {
        pickle->trouble = "an opcode that checkpoints don't use";
        return FALSE;
    }
    return opcodes[*op](pickle, *op, error);
}

const HrnetPickleValue *hrnet_pickle_load(HrnetPickle *pickle, GError **error)
{
    g_autoptr(GError) cause = NULL;
    guint8 op = 0;
    guint64 start = pickle->position;
    g_ptr_array_set_size(pickle->stack, 0);
    g_array_set_size(pickle->marks, 0);
    g_hash_table_remove_all(pickle->memo);
    while (op != '.') {
        start = pickle->position;
        if (!step(pickle, &op, &cause))
            goto failed;
    }
    HrnetPickleValue *root = hrnet_pickle_pop(pickle);
    if (root)
        return root;
failed:
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    else if (pickle->budget->trouble)
        hrnet_budget_fail(pickle->budget, pickle->path, error);
    else
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, pickle->path,
                           "its pickle is corrupt or of another kind: %s (opcode 0x%02x at offset "
                           "%" G_GUINT64_FORMAT ")",
                           pickle->trouble ? pickle->trouble : "it cannot be read", op, start);
    return NULL;
}
