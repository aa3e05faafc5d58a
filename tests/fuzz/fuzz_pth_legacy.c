/* PyTorch's stream of pickles. Input: what follows the magic number, the protocol and the system's
 * description. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const char start[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                                "\x80\x02M\xe9\x03."
                                "\x80\x02}X\x0d\0\0\0little_endian\x88s.";
    fuzz_open(start, sizeof start - 1, data, n_bytes);
    return 0;
}
