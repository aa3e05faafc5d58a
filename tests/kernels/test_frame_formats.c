/* Frames of every format, read and painted on, against code that goes sample by sample.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows have any alignment, planes end where memory does, and bits that are no part of a value are
 * random. */
#include "guarded.h"
#include "base/memory.h"
#include "ops/frame_format.h"

#include <math.h>
#include <string.h>

#define MAX_SIDE 70

typedef struct {
    HrnetFrame frame;
    Guarded planes[3];
} Picture;

static Picture picture_new(const HrnetFrameLayout *layout, unsigned height, unsigned width,
                           bool fields, GRand *rand)
{
    Picture picture = { .frame = { .layout = layout,
                                   .width = width,
                                   .height = height,
                                   .kr = 0.2126,
                                   .kb = 0.0722,
                                   .full_range = g_rand_boolean(rand),
                                   .fields = fields,
                                   .chroma_left = g_rand_boolean(rand) } };
    for (unsigned p = 0; p < hrnet_frame_n_planes(layout); p++) {
        const size_t n_bytes = hrnet_frame_row_samples(&picture.frame, p) * layout->sample_bytes;
        const size_t stride = n_bytes + (size_t)g_rand_int_range(rand, 0, 6);
        picture.planes[p] =
            guarded_new((hrnet_frame_rows(&picture.frame, p) - 1) * stride + n_bytes, 0);
        guarded_randomise_bytes(&picture.planes[p], rand);
        picture.frame.planes[p] = picture.planes[p].bytes;
        picture.frame.strides_bytes[p] = stride;
    }
    return picture;
}

static Picture picture_copy(const Picture *picture)
{
    Picture copy = *picture;
    for (unsigned p = 0; p < hrnet_frame_n_planes(picture->frame.layout); p++) {
        copy.planes[p] = guarded_copy(&picture->planes[p]);
        copy.frame.planes[p] = copy.planes[p].bytes;
    }
    return copy;
}

static void picture_close(Picture *picture)
{
    for (unsigned p = 0; p < hrnet_frame_n_planes(picture->frame.layout); p++)
        guarded_close(&picture->planes[p]);
}

static uint8_t *sample_at(const HrnetFrame *frame, unsigned component, unsigned y, unsigned x)
{
    const HrnetFrameComponent *place = &frame->layout->components[component];
    return frame->planes[place->plane] + y * frame->strides_bytes[place->plane] +
           (place->offset + (size_t)x * place->step) * frame->layout->sample_bytes;
}

static unsigned raw_value(const HrnetFrame *frame, const uint8_t *sample)
{
    return frame->layout->sample_bytes == 1 ? *sample : sample[0] + 256u * sample[1];
}

/* The bits of a sample that make its value. */
static unsigned value_bits(const HrnetFrame *frame)
{
    return ((1u << frame->layout->depth) - 1) << frame->layout->shift;
}

static double value_at(const HrnetFrame *frame, unsigned component, unsigned y, unsigned x)
{
    const unsigned raw = raw_value(frame, sample_at(frame, component, y, x));
    return (raw & value_bits(frame)) >> frame->layout->shift;
}

/* ---- read ---- */

/* Of n samples the two next to a position, and the second one's share. */
static double between(double position, unsigned n, unsigned *first, unsigned *second)
{
    position = CLAMP(position, 0.0, n - 1.0);
    *first = (unsigned)position;
    *second = MIN(*first + 1, n - 1);
    return position - *first;
}

/* A component where pixel y, x is: chroma linearly between its samples. */
static double component_at(const HrnetFrame *frame, unsigned component, unsigned y, unsigned x)
{
    const bool halves = component > 0 && frame->layout->half_columns;
    if (!halves)
        return value_at(frame, component, y, x);
    const bool half_rows = frame->layout->half_rows;
    const double row = half_rows ? 0.5 * y - 0.25 : y;
    const double column = frame->chroma_left ? 0.5 * x : 0.5 * x - 0.25;
    unsigned y0, y1, x0, x1;
    const double v = between(row, half_rows ? (frame->height + 1) / 2 : frame->height, &y0, &y1);
    const double u = between(column, (frame->width + 1) / 2, &x0, &x1);
    const double top =
        (1 - u) * value_at(frame, component, y0, x0) + u * value_at(frame, component, y0, x1);
    const double bottom =
        (1 - u) * value_at(frame, component, y1, x0) + u * value_at(frame, component, y1, x1);
    return (1 - v) * top + v * bottom;
}

/* Red, green and blue in 0..1. */
static void color_at(const HrnetFrame *frame, unsigned y, unsigned x, double rgb[3])
{
    const double max = (1u << frame->layout->depth) - 1,
                 unit = (1u << frame->layout->depth) / 256.0;
    const double luma_span = frame->full_range ? max : 219 * unit;
    const double chroma_span = frame->full_range ? max : 224 * unit;
    const double kr = frame->kr, kb = frame->kb;
    double values[3] = { 0 };
    for (unsigned i = 0; i < frame->layout->n_components; i++)
        values[i] = component_at(frame, i, y, x);
    if (frame->layout->kind == HRNET_FRAME_KIND_RGB) {
        for (unsigned i = 0; i < 3; i++)
            rgb[i] = values[i] / max;
        return;
    }
    const bool gray = frame->layout->kind == HRNET_FRAME_KIND_GRAY;
    const double luma = (values[0] - (frame->full_range ? 0 : 16 * unit)) / luma_span;
    const double cb = gray ? 0 : (values[1] - 128 * unit) / chroma_span;
    const double cr = gray ? 0 : (values[2] - 128 * unit) / chroma_span;
    rgb[0] = luma + 2 * (1 - kr) * cr;
    rgb[2] = luma + 2 * (1 - kb) * cb;
    rgb[1] = (luma - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
    for (unsigned i = 0; i < 3; i++)
        rgb[i] = CLAMP(rgb[i], 0, 1);
}

static void check_reading(const Picture *picture)
{
    const HrnetFrame *frame = &picture->frame;
    const float mean[3] = { 0 }, std[3] = { 1, 1, 1 };
    const size_t plane_floats = hrnet_tensor_plane_floats(frame->height, frame->width);
    HrnetTensor out = { .data = hrnet_aligned_alloc(3 * plane_floats * sizeof(float)),
                        .channels = 3,
                        .height = frame->height,
                        .width = frame->width,
                        .plane_floats = plane_floats };
    HrnetFrameInput *input =
        hrnet_frame_input_new(frame, frame->height, frame->width, HRNET_INPUT_RGB, mean, std);
    float *scratch =
        hrnet_aligned_alloc(hrnet_frame_input_scratch_floats(input, 1) * sizeof(float));
    hrnet_frame_input_run(input, frame, out, scratch, NULL);
    for (unsigned y = 0; y < frame->height; y++)
        for (unsigned x = 0; x < frame->width; x++) {
            double rgb[3];
            color_at(frame, y, x, rgb);
            for (unsigned c = 0; c < 3; c++)
                g_assert_cmpfloat_with_epsilon(
                    out.data[c * plane_floats + (size_t)y * frame->width + x], rgb[c], 2e-5);
        }
    hrnet_frame_input_free(input);
    hrnet_aligned_free(scratch);
    hrnet_aligned_free(out.data);
}

/* ---- paint ---- */

/* A colour in a component, not rounded. */
static double encoded(const HrnetFrame *frame, unsigned component, uint32_t argb)
{
    const double rgb[3] = { (argb >> 16 & 255) / 255.0, (argb >> 8 & 255) / 255.0,
                            (argb & 255) / 255.0 };
    const double max = (1u << frame->layout->depth) - 1,
                 unit = (1u << frame->layout->depth) / 256.0;
    if (frame->layout->kind == HRNET_FRAME_KIND_RGB)
        return rgb[component] * max;
    const double luma =
        frame->kr * rgb[0] + (1 - frame->kr - frame->kb) * rgb[1] + frame->kb * rgb[2];
    if (component == 0)
        return frame->full_range ? max * luma : unit * (16 + 219 * luma);
    const double difference = component == 1 ? (rgb[2] - luma) / (2 * (1 - frame->kb))
                                             : (rgb[0] - luma) / (2 * (1 - frame->kr));
    return MIN(128 * unit + difference * (frame->full_range ? max : 224 * unit), max);
}

/* The sample's row, of pixel row y. */
static unsigned sample_row(const HrnetFrame *frame, unsigned component, unsigned y)
{
    if (component == 0 || !frame->layout->half_rows)
        return y;
    return frame->fields ? y / 4 * 2 + y % 2 : y / 2;
}

/* What the sample has to become: each pixel's label that it covers, in equal parts. */
static double expected_value(const HrnetFrame *before, unsigned component, unsigned row,
                             unsigned column, const uint8_t *labels, const uint32_t argb[256],
                             unsigned *n_painted)
{
    const bool halves = component > 0 && before->layout->half_columns;
    const double value = value_at(before, component, row, column);
    double sum = 0;
    unsigned n = 0;
    *n_painted = 0;
    for (unsigned y = 0; y < before->height; y++) {
        if (sample_row(before, component, y) != row)
            continue;
        const unsigned first = halves ? 2 * column : column;
        for (unsigned x = first; x < MIN(first + 1 + halves, before->width); x++) {
            const uint32_t color = argb[labels[y * before->width + x]];
            sum += value + (encoded(before, component, color) - value) * (color >> 24) / 255;
            *n_painted += color >> 24 != 0;
            n++;
        }
    }
    return n == 0 ? value : sum / n;
}

static void check_sample(const Picture *before, const Picture *after, unsigned component,
                         unsigned row, unsigned column, const uint8_t *labels,
                         const uint32_t argb[256])
{
    unsigned n_painted;
    const double value =
        expected_value(&before->frame, component, row, column, labels, argb, &n_painted);
    uint8_t *was = sample_at(&before->frame, component, row, column);
    const uint8_t *is = sample_at(&after->frame, component, row, column);
    const unsigned others = 0xffff & ~value_bits(&before->frame);
    g_assert_cmpuint(raw_value(&before->frame, was) & others, ==,
                     raw_value(&before->frame, is) & others);
    if (n_painted == 0)
        g_assert_cmpuint(raw_value(&before->frame, was), ==, raw_value(&before->frame, is));
    else
        g_assert_cmpfloat_with_epsilon(value_at(&after->frame, component, row, column), value,
                                       0.51);
    /* What is checked is made alike, so that all else can be compared at once. */
    memcpy(was, is, before->frame.layout->sample_bytes);
}

static void check_painting(const Picture *picture, GRand *rand)
{
    const HrnetFrame *frame = &picture->frame;
    Picture before = picture_copy(picture), after = picture_copy(picture);
    uint8_t labels[MAX_SIDE * MAX_SIDE];
    uint32_t argb[256] = { 0, 0x80ff4020, 0xff0020ff, 0, 0x01ffffff };
    for (unsigned i = 0; i < frame->width * frame->height; i++)
        labels[i] = (uint8_t)(i % 41 < 30 ? i / 300 % 5 : g_rand_int(rand) % 6);
    hrnet_paint_run(&after.frame, labels, frame->width, argb, NULL);
    for (unsigned i = 0; i < frame->layout->n_components; i++) {
        const unsigned n_rows =
            i > 0 ? hrnet_frame_rows(frame, frame->layout->components[i].plane) : frame->height;
        for (unsigned row = 0; row < n_rows; row++)
            for (unsigned column = 0; column < hrnet_frame_columns(frame, i); column++)
                check_sample(&before, &after, i, row, column, labels, argb);
    }
    for (unsigned p = 0; p < hrnet_frame_n_planes(frame->layout); p++)
        guarded_compare_bytes(&after.planes[p], &before.planes[p]);
    picture_close(&before);
    picture_close(&after);
}

static void test_format(gconstpointer data)
{
    static const unsigned sizes[][2] = { { 1, 1 }, { 2, 3 }, { 17, 33 }, { 16, 64 }, { 35, 70 } };
    const HrnetFrameLayout *layout = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (unsigned fields = 0; fields <= layout->half_rows; fields++)
            for (unsigned round = 0; round < 4; round++) {
                guarded_case("%s, %ux%u (HxW), fields %u", layout->name, sizes[i][0], sizes[i][1],
                             fields);
                Picture picture = picture_new(layout, sizes[i][0], sizes[i][1], fields, rand);
                check_reading(&picture);
                check_painting(&picture, rand);
                picture_close(&picture);
            }
}

int main(int argc, char **argv)
{
    const HrnetFrameLayout *layout;
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; (layout = hrnet_frame_layout(i)); i++) {
        g_autofree char *path = g_strconcat("/frame-formats/", layout->name, NULL);
        g_test_add_data_func(path, layout, test_format);
    }
    return g_test_run();
}
