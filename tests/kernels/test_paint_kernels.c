/* The kernels that paint over video rows: every instruction set against C, to the bit.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "kernels/frame_c.h"

#include <stdbool.h>
#include <string.h>

/* Below, at and above the labels that a lookup of one or two vectors tells apart. */
static const unsigned label_counts[] = { 1, 2, 12, 32, 33, 64, 65, 151, 256 };

/* A third of the labels is not painted, the others with any colour and opacity, both extremes
 * often. */
static HrnetPaintTable random_table(unsigned n_labels, GRand *rand)
{
    HrnetPaintTable table = { .n_labels = n_labels };
    for (unsigned label = 0; label < 256; label++) {
        unsigned alpha = (unsigned)g_rand_int_range(rand, 0, 256);
        if (label >= n_labels || g_rand_int_range(rand, 0, 3) == 0)
            alpha = 0;
        else if (g_rand_int_range(rand, 0, 4) == 0)
            alpha = 255;
        table.keep[label] = (uint16_t)(255 - alpha);
        for (unsigned i = 0; i < 3; i++) {
            const unsigned colour =
                g_rand_boolean(rand) ? 255 : (unsigned)g_rand_int_range(rand, 0, 256);
            table.add[i][label] = (uint16_t)(colour * alpha);
        }
    }
    return table;
}

/* Labels as they come, in areas some vectors wide or no more than a pixel, beyond n_labels too. */
static void randomise_labels(Guarded *labels, unsigned n_labels, GRand *rand)
{
    const gint32 longest = g_rand_boolean(rand) ? 90 : 3;
    size_t end = 0;
    uint8_t label = 0;
    for (size_t x = 0; x < labels->n_bytes; x++) {
        if (x == end) {
            label = (uint8_t)g_rand_int_range(
                rand, 0, g_rand_int_range(rand, 0, 8) == 0 ? 256 : (gint32)n_labels);
            end = x + (size_t)g_rand_int_range(rand, 1, longest);
        }
        labels->bytes[x] = label;
    }
}

/* ---- plane ---- */

static void check_plane_case(const HrnetKernels *kernels, unsigned n, unsigned step,
                             const HrnetPaintTable *table, GRand *rand)
{
    const unsigned component = (unsigned)g_rand_int_range(rand, 0, 3);
    Guarded row = guarded_new((n - 1) * step + 1, 0);
    Guarded labels = guarded_new(n, 0);
    guarded_randomise_bytes(&row, rand);
    randomise_labels(&labels, table->n_labels, rand);
    Guarded expected = guarded_copy(&row);
    guarded_case("paint_plane %u, step %u, %u labels", n, step, table->n_labels);
    hrnet_paint_plane_u8_c(expected.bytes, step, labels.bytes, table, component, n);
    kernels->frame.paint_plane(row.bytes, step, labels.bytes, table, component, n);
    guarded_compare_bytes(&row, &expected);
    guarded_close(&row);
    guarded_close(&labels);
    guarded_close(&expected);
}

static void check_plane(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned n = 1; n <= 140; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(label_counts); i++) {
            const HrnetPaintTable table = random_table(label_counts[i], rand);
            check_plane_case(kernels, n, 1, &table, rand);
            check_plane_case(kernels, n, 2, &table, rand);
        }
    }
}

/* ---- packed ---- */

static void check_packed_case(const HrnetKernels *kernels, unsigned n, unsigned step,
                              const unsigned offsets[3], const HrnetPaintTable *table, GRand *rand)
{
    Guarded row = guarded_new(n * step, 0);
    Guarded labels = guarded_new(n, 0);
    guarded_randomise_bytes(&row, rand);
    randomise_labels(&labels, table->n_labels, rand);
    Guarded expected = guarded_copy(&row);
    guarded_case("paint_packed %u, step %u, offsets %u %u %u, %u labels", n, step, offsets[0],
                 offsets[1], offsets[2], table->n_labels);
    hrnet_paint_packed_u8_c(expected.bytes, step, offsets, labels.bytes, table, n);
    kernels->frame.paint_packed(row.bytes, step, offsets, labels.bytes, table, n);
    guarded_compare_bytes(&row, &expected);
    guarded_close(&row);
    guarded_close(&labels);
    guarded_close(&expected);
}

static void check_packed(const HrnetKernels *kernels)
{
    static const unsigned offsets[][3] = {
        { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 3 }, { 3, 2, 1 }, /* the last two at step 4 alone */
    };
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (unsigned n = 1; n <= 100; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(label_counts); i++) {
            const HrnetPaintTable table = random_table(label_counts[i], rand);
            check_packed_case(kernels, n, 3, offsets[g_rand_int_range(rand, 0, 2)], &table, rand);
            check_packed_case(kernels, n, 4, offsets[g_rand_int_range(rand, 0, 4)], &table, rand);
        }
    }
}

/* ---- chroma ---- */

/* Where U and V lie in the bytes of a row, or of two rows behind each other (step 1). */
typedef struct {
    unsigned step, u, v;
} ChromaLayout;

static void check_chroma_case(const HrnetKernels *kernels, unsigned n, const ChromaLayout *layout,
                              bool two_rows, const HrnetPaintTable *table, GRand *rand)
{
    const size_t n_samples = (n + 1) / 2, last = (n_samples - 1) * layout->step;
    const size_t u = layout->u, v = layout->step == 1 ? n_samples : layout->v;
    Guarded rows = guarded_new(last + MAX(u, v) + 1, 0);
    Guarded labels0 = guarded_new(n, 0), labels1 = guarded_new(n, 0);
    guarded_randomise_bytes(&rows, rand);
    randomise_labels(&labels0, table->n_labels, rand);
    randomise_labels(&labels1, table->n_labels, rand);
    if (g_rand_boolean(rand)) /* so that whole blocks of samples lie within an area */
        memcpy(labels1.bytes, labels0.bytes, n);
    const uint8_t *second = two_rows ? labels1.bytes : labels0.bytes;
    Guarded expected = guarded_copy(&rows);
    guarded_case("paint_chroma %u, step %u, u %zu, v %zu, %u labels", n, layout->step, u, v,
                 table->n_labels);
    hrnet_paint_chroma_u8_c(expected.bytes + u, expected.bytes + v, layout->step, labels0.bytes,
                            second, table, n);
    kernels->frame.paint_chroma(rows.bytes + u, rows.bytes + v, layout->step, labels0.bytes, second,
                                table, n);
    guarded_compare_bytes(&rows, &expected);
    guarded_close(&rows);
    guarded_close(&labels0);
    guarded_close(&labels1);
    guarded_close(&expected);
}

static void check_chroma(const HrnetKernels *kernels)
{
    /* I420 and Y42B; NV12, NV16 and NV21; YUY2 and UYVY, YVYU and VYUY from their first chroma byte
     * on */
    static const ChromaLayout layouts[] = {
        { 1, 0, 0 }, { 2, 0, 1 }, { 2, 1, 0 }, { 4, 0, 2 }, { 4, 2, 0 }
    };
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n = 1; n <= 140; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(label_counts); i++) {
            const HrnetPaintTable table = random_table(label_counts[i], rand);
            for (size_t j = 0; j < G_N_ELEMENTS(layouts); j++)
                check_chroma_case(kernels, n, &layouts[j],
                                  layouts[j].step < 4 && g_rand_boolean(rand), &table, rand);
        }
    }
}

/* ---- 16 bits ---- */

static const HrnetSampleBits all_bits[] = { { 6, 0x3ff }, { 0, 0x3ff }, { 0, 0xffff } };

static HrnetPaintTable16 random_table16(unsigned n_labels, HrnetSampleBits bits, GRand *rand)
{
    const HrnetPaintTable narrow = random_table(n_labels, rand);
    HrnetPaintTable16 table = { .bits = bits };
    for (unsigned label = 0; label < 256; label++) {
        const unsigned alpha = 255u - narrow.keep[label];
        table.keep[label] = narrow.keep[label];
        for (unsigned i = 0; i < 3; i++) {
            const unsigned colour =
                g_rand_boolean(rand) ? bits.mask : (unsigned)g_rand_int(rand) % (bits.mask + 1);
            table.add[i][label] = colour * alpha;
        }
    }
    return table;
}

static void check_plane16_case(const HrnetKernels *kernels, unsigned n, unsigned step,
                               const HrnetPaintTable16 *table, unsigned n_labels, GRand *rand)
{
    const unsigned component = (unsigned)g_rand_int_range(rand, 0, 3);
    Guarded row = guarded_new(2 * ((n - 1) * step + 1), 0);
    Guarded labels = guarded_new(n, 0);
    guarded_randomise_bytes(&row, rand);
    randomise_labels(&labels, n_labels, rand);
    Guarded expected = guarded_copy(&row);
    guarded_case("paint_plane16 %u, step %u, bits %x from %u on", n, step, table->bits.mask,
                 table->bits.shift);
    hrnet_paint_plane_u16_c(expected.bytes, step, labels.bytes, table, component, n);
    kernels->frame.paint_plane16(row.bytes, step, labels.bytes, table, component, n);
    guarded_compare_bytes(&row, &expected);
    guarded_close(&row);
    guarded_close(&labels);
    guarded_close(&expected);
}

static void check_plane16(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (unsigned n = 1; n <= 140; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(all_bits); i++) {
            const HrnetPaintTable16 table = random_table16(12, all_bits[i], rand);
            check_plane16_case(kernels, n, 1, &table, 12, rand);
            check_plane16_case(kernels, n, 2, &table, 12, rand);
        }
    }
}

static void check_chroma16_case(const HrnetKernels *kernels, unsigned n, const ChromaLayout *layout,
                                const HrnetPaintTable16 *table, GRand *rand)
{
    const size_t n_samples = (n + 1) / 2, last = (n_samples - 1) * layout->step;
    const size_t u = layout->u, v = layout->step == 1 ? n_samples : layout->v;
    Guarded rows = guarded_new(2 * (last + MAX(u, v) + 1), 0);
    Guarded labels0 = guarded_new(n, 0), labels1 = guarded_new(n, 0);
    guarded_randomise_bytes(&rows, rand);
    randomise_labels(&labels0, 12, rand);
    randomise_labels(&labels1, 12, rand);
    if (g_rand_boolean(rand)) /* so that whole blocks of samples lie within an area */
        memcpy(labels1.bytes, labels0.bytes, n);
    Guarded expected = guarded_copy(&rows);
    guarded_case("paint_chroma16 %u, step %u, bits %x from %u on", n, layout->step,
                 table->bits.mask, table->bits.shift);
    hrnet_paint_chroma_u16_c(expected.bytes + 2 * u, expected.bytes + 2 * v, layout->step,
                             labels0.bytes, labels1.bytes, table, n);
    kernels->frame.paint_chroma16(rows.bytes + 2 * u, rows.bytes + 2 * v, layout->step,
                                  labels0.bytes, labels1.bytes, table, n);
    guarded_compare_bytes(&rows, &expected);
    guarded_close(&rows);
    guarded_close(&labels0);
    guarded_close(&labels1);
    guarded_close(&expected);
}

static void check_chroma16(const HrnetKernels *kernels)
{
    /* I420_10LE; P010_10LE */
    static const ChromaLayout layouts[] = { { 1, 0, 0 }, { 2, 0, 1 } };
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned n = 1; n <= 140; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(all_bits); i++) {
            const HrnetPaintTable16 table = random_table16(12, all_bits[i], rand);
            for (size_t j = 0; j < G_N_ELEMENTS(layouts); j++)
                check_chroma16_case(kernels, n, &layouts[j], &table, rand);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    guarded_add_check("/paint-kernels/plane", check_plane);
    guarded_add_check("/paint-kernels/packed", check_packed);
    guarded_add_check("/paint-kernels/chroma", check_chroma);
    guarded_add_check("/paint-kernels/plane16", check_plane16);
    guarded_add_check("/paint-kernels/chroma16", check_chroma16);
    return g_test_run();
}
