/* The safetensors reader. Input: two bytes that say how much data follows the header, then the
 * header; its length, which mutations would hardly ever get right, is put in front.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const uint8_t zeros[65536];
    if (n_bytes < 2)
        return 0;
    size_t data_bytes = data[0] | (size_t)data[1] << 8;
    uint64_t header_bytes = n_bytes - 2;
    uint8_t *start = malloc(8 + header_bytes);
    if (!start)
        return 0;
    memcpy(start, &header_bytes, 8);
    memcpy(start + 8, data + 2, header_bytes);
    fuzz_open(start, 8 + header_bytes, zeros, data_bytes);
    free(start);
    return 0;
}
