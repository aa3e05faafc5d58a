/* Sums of bytes for any vector type: included once per instruction set, after its vectors.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A step takes SUM_PIXELS pixels: as many 16-bit values as a vector has, and two vectors of floats.
 * What each instruction set has its own way of: load_bytes, widened to 16 bits; store_bytes, from
 * two vectors of 32 bits, with the zero point added, saturated; and its instructions. */
#include "kernels/float_mode.h"
#include "kernels/int8_conv.h"
#include "kernels/int8_sum.h"
#include "kernels/vector/always_inline.h"

#include <string.h>

/* The lower and the upper half of every 128 bits, as unpacking leaves them and packing takes them.
 */
typedef struct {
    fvec low, high;
} Values;

/* What the sum has of a source: the 16-bit weights of a pair of rows, its factor. */
typedef struct {
    const int16_t *first, *second;
    ivec weights;
    fvec scale;
} SumSource;

ALWAYS_INLINE Values scaled(ivec low, ivec high, fvec scale)
{
    return (Values){ fvec_mul(fvec_convert(low), scale), fvec_mul(fvec_convert(high), scale) };
}

ALWAYS_INLINE Values values_add(Values a, Values b)
{
    return (Values){ fvec_add(a.low, b.low), fvec_add(a.high, b.high) };
}

ALWAYS_INLINE Values source_values(const SumSource *source, size_t at)
{
    const ivec first = ivec_load(source->first + at), second = ivec_load(source->second + at);
    return scaled(ivec_madd16(ivec_unpack16_low(first, second), source->weights),
                  ivec_madd16(ivec_unpack16_high(first, second), source->weights), source->scale);
}

/* SUM_PIXELS pixels from value `at` of the rows on. */
ALWAYS_INLINE void sum_step(uint8_t *out, const uint8_t *base, const HrnetInt8Sum *s,
                            const SumSource *sources, const unsigned n_sources, size_t at)
{
    const ivec words = load_bytes(base);
    Values values = scaled(ivec_unpack16_low(words, ivec_zero()),
                           ivec_unpack16_high(words, ivec_zero()), fvec_set1(s->base_scale));
    values = values_add((Values){ fvec_set1(s->start), fvec_set1(s->start) }, values);
    if (n_sources > 0)
        values = values_add(values, source_values(&sources[0], at));
    if (n_sources > 1)
        values = values_add(values, source_values(&sources[1], at));
    if (n_sources > 2)
        values = values_add(values, source_values(&sources[2], at));
    store_bytes(out, ivec_convert(values.low), ivec_convert(values.high), (int)s->zero_point);
}

/* The last pixels, fewer than SUM_PIXELS, by way of memory that holds a step. */
ALWAYS_INLINE void sum_rest(const HrnetInt8Sum *s, const SumSource *sources,
                            const unsigned n_sources, size_t at, size_t n)
{
    enum { STEP = HRNET_QUAD * SUM_PIXELS };
    int16_t rows[2 * HRNET_INT8_SOURCES_MAX][STEP] = { 0 };
    uint8_t bytes[STEP] = { 0 };
    SumSource rest[HRNET_INT8_SOURCES_MAX];
    memcpy(bytes, s->base + at, n);
    for (unsigned i = 0; i < n_sources; i++) {
        memcpy(rows[2 * i], sources[i].first + at, n * sizeof **rows);
        memcpy(rows[2 * i + 1], sources[i].second + at, n * sizeof **rows);
        rest[i] = sources[i];
        rest[i].first = rows[2 * i];
        rest[i].second = rows[2 * i + 1];
    }
    sum_step(bytes, bytes, s, rest, n_sources, 0);
    memcpy(s->out + at, bytes, n);
}

ALWAYS_INLINE void sum_sources(const HrnetInt8Sum *s, const unsigned n_sources)
{
    const size_t n = (size_t)HRNET_QUAD * s->n, step = HRNET_QUAD * SUM_PIXELS;
    SumSource sources[HRNET_INT8_SOURCES_MAX];
    for (unsigned i = 0; i < n_sources; i++) {
        const unsigned weight = s->sources[i].weight;
        sources[i] = (SumSource){
            .first = s->sources[i].first,
            .second = s->sources[i].second,
            .weights = ivec_set1((int)(weight << 16 | (HRNET_INT8_WHOLE - weight))),
            .scale = fvec_set1(s->sources[i].scale),
        };
    }
    size_t at = 0;
    for (; at + step <= n; at += step)
        sum_step(s->out + at, s->base + at, s, sources, n_sources, at);
    if (at < n)
        sum_rest(s, sources, n_sources, at, n - at);
}

__attribute__((noinline)) static void sum_pixels(const HrnetInt8Sum *s)
{
    switch (s->n_sources) {
    case 0:
        sum_sources(s, 0);
        break;
    case 1:
        sum_sources(s, 1);
        break;
    case 2:
        sum_sources(s, 2);
        break;
    default:
        sum_sources(s, 3);
        break;
    }
}

static void int8_sum(const HrnetInt8Sum *sum)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    sum_pixels(sum);
    hrnet_float_mode_restore(&before);
}
