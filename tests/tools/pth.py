# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts as PyTorch saves them, written without PyTorch."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict


class _Storage:
    """What a tensor's bytes are to the pickle: their key and number of elements."""

    def __init__(self, key, n_elements):
        self.key, self.n_elements = key, n_elements


class _Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce__(self):
        strides, stride = [], 1
        for size in reversed(self.shape):
            strides.insert(0, stride)
            stride *= size
        return (sys.modules["torch._utils"]._rebuild_tensor_v2,
                (self.storage, 0, tuple(self.shape), tuple(strides), False, OrderedDict()))


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, _Storage):
            return ("storage", sys.modules["torch"].FloatStorage, obj.key, "cpu", obj.n_elements)
        return None


def _stand_in(module, name):
    """Something that pickle writes down as module.name."""
    thing = type(name, (), {"__module__": module, "__qualname__": name})
    sys.modules.setdefault(module, types.ModuleType(module))
    setattr(sys.modules[module], name, thing)


def write_zip(path, tensors):
    """tensors: name -> ("F32", shape, bytes), as formats of safetensors have them."""
    _stand_in("torch", "FloatStorage")
    _stand_in("torch._utils", "_rebuild_tensor_v2")
    state = OrderedDict()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for key, (name, (dtype, shape, data)) in enumerate(tensors.items()):
            assert dtype == "F32", dtype
            state[name] = _Tensor(_Storage(str(key), len(data) // 4), shape)
            archive.writestr(f"archive/data/{key}", data)
        text = io.BytesIO()
        _Pickler(text, protocol=2).dump(state)
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/version", "3\n")
