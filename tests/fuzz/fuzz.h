/* A fuzzer's input, given to the readers as the file that they expect.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_FUZZ_H
#define HRNET_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer, or replay.c over a corpus, calls; each fuzz_*.c has one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

/* Writes the parts, one behind the other, into a file in memory, opens it as a checkpoint, and
 * reads every layer where that succeeds. */
void fuzz_open(const void *first, size_t first_bytes, const void *second, size_t second_bytes);

#endif
