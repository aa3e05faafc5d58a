/* What libFuzzer calls for another input: three times out of four a change of structure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t n_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed)
{
    gsize n_mutated;
    guint8 *mutated = seed % 4 ? fuzz_mutate(data, n_bytes, max_bytes, seed / 4, &n_mutated) : NULL;
    if (!mutated)
        return LLVMFuzzerMutate(data, n_bytes, max_bytes);
    memcpy(data, mutated, n_mutated);
    g_free(mutated);
    return n_mutated;
}
