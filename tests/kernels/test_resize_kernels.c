/* The kernels of bilinear rows: every instruction set against C.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "ops/resize_axis.h"

#include <math.h>
#include <string.h>

/* A table of columns in guarded memory of its own. */
static Guarded columns_new(HrnetColumns *columns, HrnetResizeMode mode, unsigned n_in,
                           unsigned n_out)
{
    Guarded memory = guarded_new_aligned_floats(hrnet_columns_floats(n_out));
    hrnet_columns_fill(columns, memory.floats, mode, n_in, n_out);
    return memory;
}

/* ---- lerp_row ---- */

static void check_lerp_case(const HrnetKernels *kernels, unsigned n, float weight1, GRand *rand)
{
    Guarded row0 = guarded_new_floats(n, 0), row1 = guarded_new_floats(n, 0);
    Guarded line = guarded_new_aligned_floats(n + HRNET_LINE_PADDING);
    guarded_randomise(&row0, rand);
    guarded_randomise(&row1, rand);
    Guarded expected = guarded_copy(&line);
    guarded_case("lerp_row %u, weight %g", n, weight1);
    hrnet_resize_kernels_c.lerp_row(expected.floats, row0.floats, row1.floats, weight1, n);
    kernels->resize.lerp_row(line.floats, row0.floats, row1.floats, weight1, n);
    /* What lies in the padding behind the copy of the last float means nothing. */
    const size_t padding_bytes = line.n_bytes - (n + 1) * sizeof(float);
    memset(line.floats + n + 1, 0, padding_bytes);
    memset(expected.floats + n + 1, 0, padding_bytes);
    guarded_compare_floats(&line, &expected, 4 * 0x1p-24);
    guarded_close(&row0);
    guarded_close(&row1);
    guarded_close(&line);
    guarded_close(&expected);
}

static void check_lerp_row(const HrnetKernels *kernels)
{
    static const float weights[] = { 0, 0.25f, 0.7f, 1 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned n = 1; n <= 70; n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(weights); i++)
            check_lerp_case(kernels, n, weights[i], rand);
    }
}

/* ---- spread_row ---- */

static void check_spread_case(const HrnetKernels *kernels, HrnetResizeMode mode, unsigned n_in,
                              unsigned n_out, GRand *rand)
{
    HrnetColumns columns;
    Guarded table = columns_new(&columns, mode, n_in, n_out);
    Guarded row = guarded_new_floats(n_in, 0);
    Guarded out = guarded_new_aligned_floats(n_out);
    guarded_randomise(&row, rand);
    Guarded expected = guarded_new_aligned_floats(n_out);
    guarded_case("spread_row %u to %u, mode %d, spans %u %u", n_in, n_out, mode, columns.span8,
                 columns.span16);
    hrnet_resize_kernels_c.spread_row(expected.floats, row.floats, n_in, &columns, n_out);
    kernels->resize.spread_row(out.floats, row.floats, n_in, &columns, n_out);
    guarded_compare_floats(&out, &expected, 4 * 0x1p-24);
    guarded_close(&table);
    guarded_close(&row);
    guarded_close(&out);
    guarded_close(&expected);
}

/* Up, as the network does, and down, to where a block of columns spans more than can be
 * permuted. */
static void check_spread_row(const HrnetKernels *kernels)
{
    static const unsigned outs[] = { 1, 2, 15, 16, 17, 33, 64, 100, 150 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (unsigned n_in = 1; n_in <= 400; n_in += 1 + n_in / 12) {
        for (size_t i = 0; i < G_N_ELEMENTS(outs); i++) {
            for (int mode = HRNET_RESIZE_BILINEAR; mode <= HRNET_RESIZE_NEAREST; mode++)
                check_spread_case(kernels, (HrnetResizeMode)mode, n_in, outs[i], rand);
        }
    }
}

/* ---- add_row ---- */

static void check_add_case(const HrnetKernels *kernels, unsigned n, unsigned n_pairs, bool relu,
                           bool in_place, GRand *rand)
{
    Guarded base = guarded_new_floats(n, 0), out = guarded_new_floats(n, 0);
    Guarded spread[2 * HRNET_PAIRS_MAX];
    guarded_randomise(&base, rand);
    if (in_place)
        guarded_randomise(&out, rand);
    Guarded expected = guarded_copy(&out);
    HrnetAddRow row = { .n = n, .n_pairs = n_pairs, .relu = relu };
    for (unsigned i = 0; i < 2 * n_pairs; i++) {
        spread[i] = guarded_new_aligned_floats(n);
        guarded_randomise(&spread[i], rand);
    }
    for (unsigned i = 0; i < n_pairs; i++) {
        row.pairs[i].first = spread[2 * i].floats;
        row.pairs[i].second = spread[2 * i + 1].floats;
        row.pairs[i].weight = (float)g_rand_double(rand);
    }
    guarded_case("add_row %u, %u pairs, relu %d, in place %d", n, n_pairs, relu, in_place);
    row.out = expected.floats;
    row.base = in_place ? row.out : base.floats;
    hrnet_resize_kernels_c.add_row(&row);
    row.out = out.floats;
    row.base = in_place ? row.out : base.floats;
    kernels->resize.add_row(&row);
    guarded_compare_floats(&out, &expected, 4 * 0x1p-23);
    for (unsigned i = 0; i < 2 * n_pairs; i++)
        guarded_close(&spread[i]);
    guarded_close(&base);
    guarded_close(&out);
    guarded_close(&expected);
}

static void check_add_row(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n = 1; n <= 70; n++) {
        for (unsigned i = 0; i < 4 * HRNET_PAIRS_MAX; i++)
            check_add_case(kernels, n, 1 + i % HRNET_PAIRS_MAX, i / HRNET_PAIRS_MAX & 1,
                           i / HRNET_PAIRS_MAX & 2, rand);
    }
}

/* ---- argmax_row ---- */

/* Lines of classes, the last float repeated, NaNs in the padding. */
static Guarded lines_new(unsigned n_in, unsigned n_classes)
{
    return guarded_new_floats(n_classes * hrnet_line_floats(n_in), 0);
}

static float *line_of(const Guarded *lines, unsigned n_in, unsigned class)
{
    return lines->floats + class * hrnet_line_floats(n_in);
}

/* A row to be labelled. */
typedef struct {
    unsigned n_in, n_out, n_classes;
    HrnetColumns columns;
    Guarded table, lines, labels;
} ArgmaxRow;

static ArgmaxRow argmax_row_open(HrnetResizeMode mode, unsigned n_in, unsigned n_out,
                                 unsigned n_classes)
{
    ArgmaxRow row = { .n_in = n_in, .n_out = n_out, .n_classes = n_classes };
    row.table = columns_new(&row.columns, mode, n_in, n_out);
    row.lines = lines_new(n_in, n_classes);
    row.labels = guarded_new(n_out, 0);
    guarded_case("argmax_row %u to %u, mode %d, %u classes", n_in, n_out, mode, n_classes);
    return row;
}

static void argmax_row_run(const ArgmaxRow *row, const HrnetResizeKernels *kernels,
                           const Guarded *labels)
{
    kernels->argmax_row(labels->bytes, row->lines.floats, hrnet_line_floats(row->n_in),
                        row->n_classes, &row->columns, row->n_out);
}

static void argmax_row_close(ArgmaxRow *row)
{
    guarded_close(&row->table);
    guarded_close(&row->lines);
    guarded_close(&row->labels);
}

/* At whole factors and few distinct values all sums are exact, so that ties are common and must be
 * decided alike; some classes are NaN. */
static void check_argmax_ties(const HrnetKernels *kernels, HrnetResizeMode mode, unsigned n_in,
                              unsigned n_out, unsigned n_classes, GRand *rand)
{
    ArgmaxRow row = argmax_row_open(mode, n_in, n_out, n_classes);
    for (unsigned c = 0; c < n_classes; c++) {
        float *line = line_of(&row.lines, n_in, c);
        const bool is_nan = g_rand_int_range(rand, 0, 6) == 0;
        for (unsigned i = 0; i < n_in; i++)
            line[i] = is_nan ? NAN : (float)g_rand_int_range(rand, -3, 4);
        line[n_in] = line[n_in - 1];
    }
    Guarded expected = guarded_copy(&row.labels);
    argmax_row_run(&row, &hrnet_resize_kernels_c, &expected);
    argmax_row_run(&row, &kernels->resize, &row.labels);
    guarded_compare_bytes(&row.labels, &expected);
    guarded_close(&expected);
    argmax_row_close(&row);
}

static double value_at(const ArgmaxRow *row, unsigned class, unsigned x)
{
    const float *pair = line_of(&row->lines, row->n_in, class) + row->columns.index[x];
    const double weight = row->columns.weight[x];
    return (1 - weight) * pair[0] + weight * pair[1];
}

/* At any sizes: the label is of a class that none is above, but by rounding. */
static void check_argmax_values(const HrnetKernels *kernels, HrnetResizeMode mode, unsigned n_in,
                                unsigned n_out, unsigned n_classes, GRand *rand)
{
    ArgmaxRow row = argmax_row_open(mode, n_in, n_out, n_classes);
    for (unsigned c = 0; c < n_classes; c++) {
        float *line = line_of(&row.lines, n_in, c);
        guarded_randomise_floats(line, n_in, rand);
        line[n_in] = line[n_in - 1];
    }
    argmax_row_run(&row, &kernels->resize, &row.labels);
    for (unsigned x = 0; x < n_out; x++) {
        const unsigned label = row.labels.bytes[x];
        if (label < 1 || label > n_classes)
            g_error("%u to %u, %u classes: label %u at %u", n_in, n_out, n_classes, label, x);
        const double value = value_at(&row, label - 1, x);
        for (unsigned c = 0; c < n_classes; c++) {
            if (value_at(&row, c, x) > value + 4 * 0x1p-24)
                g_error("%u to %u, %u classes: label %u at %u, not %u", n_in, n_out, n_classes,
                        label, x, c + 1);
        }
    }
    argmax_row_close(&row);
}

static void check_argmax_row(const HrnetKernels *kernels)
{
    static const unsigned n_classes[] = { 1, 2, 19, 150, 255 };
    static const unsigned outs[] = { 1, 7, 16, 33, 75 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (size_t j = 0; j < G_N_ELEMENTS(n_classes); j++) {
        for (unsigned n_in = 1; n_in <= 40; n_in++) {
            check_argmax_ties(kernels, HRNET_RESIZE_BILINEAR, n_in, 4 * n_in, n_classes[j], rand);
            check_argmax_ties(kernels, HRNET_RESIZE_NEAREST, n_in, 2 * n_in + 1, n_classes[j],
                              rand);
        }
        for (unsigned n_in = 1; n_in <= 400; n_in += 1 + n_in / 5) {
            for (size_t i = 0; i < G_N_ELEMENTS(outs); i++)
                check_argmax_values(kernels, (HrnetResizeMode)(n_in % 2), n_in, outs[i],
                                    n_classes[j], rand);
        }
    }
}

/* ---- refine_row ---- */

/* Few distinct values, so that at whole factors all sums are exact and ties are decided alike.
 * Every third block has its label beforehand; its lines may be anything. */
static void check_refine_case(const HrnetKernels *kernels, HrnetResizeMode mode, unsigned n_in,
                              unsigned n_out, unsigned n_classes, uint8_t rest_label, GRand *rand)
{
    const unsigned n_blocks = (n_out + HRNET_COLUMN_BLOCK - 1) / HRNET_COLUMN_BLOCK;
    HrnetColumns columns;
    Guarded table = columns_new(&columns, mode, n_in, n_out);
    Guarded slopes = lines_new(n_in, n_classes), offsets = lines_new(n_in, n_classes);
    Guarded luma = guarded_new(n_out, 0), labels = guarded_new(n_out, 0);
    Guarded class_labels = guarded_new(n_classes, 0), block_labels = guarded_new(n_blocks, 0);
    for (unsigned c = 0; c < n_classes; c++) {
        float *slope = line_of(&slopes, n_in, c), *offset = line_of(&offsets, n_in, c);
        class_labels.bytes[c] = (uint8_t)(255 - c);
        for (unsigned i = 0; i < n_in; i++) {
            slope[i] = (float)g_rand_int_range(rand, -3, 4) / 16;
            offset[i] = (float)g_rand_int_range(rand, -9, 10);
        }
        slope[n_in] = slope[n_in - 1];
        offset[n_in] = offset[n_in - 1];
    }
    guarded_randomise_bytes(&luma, rand);
    for (unsigned b = 0; b < n_blocks; b++)
        block_labels.bytes[b] = (uint8_t)(b % 3 == 1 ? 1 + b : 0);
    Guarded expected = guarded_copy(&labels);
    const HrnetRefineRow row = { slopes.floats,      offsets.floats,    hrnet_line_floats(n_in),
                                 class_labels.bytes, n_classes,         rest_label,
                                 luma.bytes,         block_labels.bytes };
    guarded_case("refine_row %u to %u, mode %d, %u classes, rest %u", n_in, n_out, mode, n_classes,
                 rest_label);
    hrnet_resize_kernels_c.refine_row(expected.bytes, &row, &columns, n_out);
    kernels->resize.refine_row(labels.bytes, &row, &columns, n_out);
    guarded_compare_bytes(&labels, &expected);
    guarded_close(&table);
    guarded_close(&slopes);
    guarded_close(&offsets);
    guarded_close(&luma);
    guarded_close(&labels);
    guarded_close(&class_labels);
    guarded_close(&block_labels);
    guarded_close(&expected);
}

static void check_refine_row(const HrnetKernels *kernels)
{
    static const unsigned n_classes[] = { 1, 2, 5, 254 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (size_t j = 0; j < G_N_ELEMENTS(n_classes); j++) {
        for (unsigned n_in = 1; n_in <= 40; n_in++) {
            const uint8_t rest_label = (uint8_t)(n_in % 2);
            check_refine_case(kernels, HRNET_RESIZE_BILINEAR, n_in, 4 * n_in, n_classes[j],
                              rest_label, rand);
            check_refine_case(kernels, HRNET_RESIZE_NEAREST, n_in, 2 * n_in + 1, n_classes[j],
                              rest_label, rand);
            check_refine_case(kernels, HRNET_RESIZE_NEAREST, 8 * n_in, n_in, n_classes[j],
                              rest_label, rand);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    guarded_add_check("/resize-kernels/lerp-row", check_lerp_row);
    guarded_add_check("/resize-kernels/spread-row", check_spread_row);
    guarded_add_check("/resize-kernels/add-row", check_add_row);
    guarded_add_check("/resize-kernels/argmax-row", check_argmax_row);
    guarded_add_check("/resize-kernels/refine-row", check_refine_row);
    return g_test_run();
}
