/* Drawing over a region of a frame: squares, blur, and cutting out.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All work on cells: sums and counts of the samples of a component that are in the region. Means of
 * them make squares. Blurred, and interpolated between the cells' centres before they are divided,
 * they make a blur whose cost does not grow with its radius (normalised convolution: Knutsson and
 * Westin, 1993). */
#include "gsthrnethide.h"

#include "gsthrnetcomponent.h"

#include <math.h>
#include <string.h>

/* Columns that are summed side by side, so that memory is read by lines of the cache. */
#define ABREAST 16

/* The contents are lost where it grows. */
static gboolean reserve(gfloat **values, gsize *n_allocated, gsize n)
{
    if (*n_allocated >= n)
        return TRUE;
    g_free(*values);
    *values = g_try_new(gfloat, n);
    *n_allocated = *values ? n : 0;
    return *values != NULL;
}

/* Sums and the scratch of box(), without counts. */
static gboolean prepare_sums(GstHrnetCells *cells, guint columns, guint rows)
{
    const gsize n = (gsize)columns * rows, n_line = MAX(2 * (gsize)columns, (gsize)rows * ABREAST);

    cells->columns = columns;
    cells->rows = rows;
    return reserve(&cells->sums, &cells->n_sums, n) &&
           reserve(&cells->line, &cells->n_line, n_line);
}

static gboolean prepare_cells(GstHrnetCells *cells, guint columns, guint rows)
{
    const gsize n = (gsize)columns * rows;

    if (!prepare_sums(cells, columns, rows) || !reserve(&cells->counts, &cells->n_counts, n))
        return FALSE;
    memset(cells->sums, 0, n * sizeof *cells->sums);
    memset(cells->counts, 0, n * sizeof *cells->counts);
    return TRUE;
}

void gst_hrnet_cells_clear(GstHrnetCells *cells)
{
    g_free(cells->sums);
    g_free(cells->counts);
    g_free(cells->line);
    *cells = (GstHrnetCells){ 0 };
}

/* cell_width, cell_height: in samples. */
static gboolean sum_cells(GstHrnetRegion *region, const GstHrnetComponent *plane, guint cell_width,
                          guint cell_height, GstHrnetCells *cells)
{
    if (!prepare_cells(cells, (plane->width + cell_width - 1) / cell_width,
                       (plane->height + cell_height - 1) / cell_height))
        return FALSE;
    for (guint y = 0; y < plane->height; y++) {
        const guint8 *touched = gst_hrnet_region_row(region, y, plane);
        const guint8 *row = plane->data + y * plane->stride;
        const gsize first = (gsize)(y / cell_height) * cells->columns;

        for (guint column = 0; column < cells->columns; column++) {
            const guint end = MIN((column + 1) * cell_width, plane->width);
            guint sum = 0, count = 0;

            for (guint x = column * cell_width; x < end; x++) {
                sum += touched[x] ? gst_hrnet_component_get(plane, row + x * plane->step) : 0;
                count += touched[x];
            }
            cells->sums[first + column] += sum;
            cells->counts[first + column] += count;
        }
    }
    return TRUE;
}

/* Replaces each of n places by the sum of the 2 * radius + 1 around it. A place is n_abreast
 * values, the next place `step` values on. line: n * n_abreast values of scratch. */
static void box_lines(gfloat *values, guint n, gsize step, guint n_abreast, gint radius,
                      gfloat *line)
{
    gdouble sums[ABREAST] = { 0 };

    for (guint i = 0; i < n; i++)
        memcpy(line + (gsize)i * n_abreast, values + i * step, n_abreast * sizeof *line);
    for (gint i = -radius; i < (gint)n; i++) {
        const gint ahead = i + radius, behind = i - radius - 1;

        for (guint k = 0; k < n_abreast; k++) {
            if (ahead < (gint)n)
                sums[k] += line[(gsize)ahead * n_abreast + k];
            if (behind >= 0)
                sums[k] -= line[(gsize)behind * n_abreast + k];
            if (i >= 0)
                values[(gsize)i * step + k] = (gfloat)sums[k];
        }
    }
}

static void box(gfloat *values, const GstHrnetCells *cells, gint radius)
{
    for (guint row = 0; row < cells->rows; row++)
        box_lines(values + (gsize)row * cells->columns, cells->columns, 1, 1, radius, cells->line);
    for (guint column = 0; column < cells->columns; column += ABREAST)
        box_lines(values + column, cells->rows, cells->columns,
                  MIN(ABREAST, cells->columns - column), radius, cells->line);
}

static void write_squares(GstHrnetRegion *region, const GstHrnetComponent *plane, guint cell_width,
                          guint cell_height, const GstHrnetCells *cells)
{
    for (guint y = 0; y < plane->height; y++) {
        const guint8 *touched = gst_hrnet_region_row(region, y, plane);
        guint8 *row = plane->data + y * plane->stride;
        const gsize first = (gsize)(y / cell_height) * cells->columns;

        for (guint column = 0; column < cells->columns; column++) {
            const guint end = MIN((column + 1) * cell_width, plane->width);
            const gfloat count = MAX(cells->counts[first + column], 1);
            const guint mean = (guint)(cells->sums[first + column] / count + 0.5f);

            for (guint x = column * cell_width; x < end; x++) {
                if (touched[x])
                    gst_hrnet_component_set(plane, row + x * plane->step, mean);
            }
        }
    }
}

gboolean gst_hrnet_hide_pixelate(GstHrnetRegion *region, GstVideoFrame *frame, guint cell,
                                 GstHrnetCells *cells)
{
    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const guint cell_width = MAX(cell >> plane.w_sub, 1),
                    cell_height = MAX(cell >> plane.h_sub, 1);

        if (!sum_cells(region, &plane, cell_width, cell_height, cells))
            return FALSE;
        write_squares(region, &plane, cell_width, cell_height, cells);
    }
    return TRUE;
}

/* The two cells around a place and the second one's weight. Places beyond the outer centres have
 * one. */
static gfloat between(guint place, guint cell, guint n, guint *first, guint *second)
{
    const gfloat at = (place + 0.5f) / cell - 0.5f;
    const gint whole = (gint)floorf(at);

    *first = (guint)CLAMP(whole, 0, (gint)n - 1);
    *second = (guint)CLAMP(whole + 1, 0, (gint)n - 1);
    return at - whole;
}

/* Between two rows of cells: sums to line[0..], counts after them. */
static void blend_rows(const GstHrnetCells *cells, guint row0, guint row1, gfloat weight,
                       gfloat *line)
{
    const gsize a = (gsize)row0 * cells->columns, b = (gsize)row1 * cells->columns;

    for (guint i = 0; i < cells->columns; i++) {
        line[i] = cells->sums[a + i] + (cells->sums[b + i] - cells->sums[a + i]) * weight;
        line[cells->columns + i] =
            cells->counts[a + i] + (cells->counts[b + i] - cells->counts[a + i]) * weight;
    }
}

/* From the centre of one cell to the centre of the next, along a row. */
static void write_blurred_run(const GstHrnetComponent *plane, const guint8 *touched, guint8 *row,
                              guint begin, guint end, gfloat weight, gfloat weight_step,
                              const gfloat sums[2], const gfloat counts[2])
{
    const gfloat max = (gfloat)gst_hrnet_component_max(plane);

    for (guint x = begin; x < end; x++, weight += weight_step) {
        const gfloat count = counts[0] + (counts[1] - counts[0]) * weight;
        const gfloat sum = sums[0] + (sums[1] - sums[0]) * weight;

        if (touched[x])
            gst_hrnet_component_set(plane, row + x * plane->step,
                                    (guint)(MIN(sum / count, max) + 0.5f));
    }
}

static void write_blurred(GstHrnetRegion *region, const GstHrnetComponent *plane, guint cell_width,
                          guint cell_height, GstHrnetCells *cells)
{
    const guint n = cells->columns, half = cell_width / 2;
    const gfloat *sums = cells->line, *counts = cells->line + n;

    for (guint y = 0; y < plane->height; y++) {
        const guint8 *touched = gst_hrnet_region_row(region, y, plane);
        guint8 *row = plane->data + y * plane->stride;
        guint y0, y1, begin = 0;
        const gfloat weight = between(y, cell_height, cells->rows, &y0, &y1);

        blend_rows(cells, y0, y1, weight, cells->line);
        for (guint i = 0; i <= n && begin < plane->width; i++) {
            const guint end = MIN(i * cell_width + half, plane->width);
            const guint left = i > 0 ? i - 1 : 0, right = MIN(i, n - 1);
            const gfloat first = (begin + 0.5f) / cell_width + 0.5f - i;

            write_blurred_run(plane, touched, row, begin, i == n ? plane->width : end, first,
                              1.0f / cell_width, (const gfloat[]){ sums[left], sums[right] },
                              (const gfloat[]){ counts[left], counts[right] });
            begin = MAX(begin, end);
        }
    }
}

/* Cells of a quarter of the radius, twice a box of five of them: near enough to a Gaussian of half
 * the radius. */
gboolean gst_hrnet_hide_blur(GstHrnetRegion *region, GstVideoFrame *frame, guint radius,
                             GstHrnetCells *cells)
{
    const guint cell = MAX(radius / 4, 1);

    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const guint cell_width = MAX(cell >> plane.w_sub, 1),
                    cell_height = MAX(cell >> plane.h_sub, 1);

        if (!sum_cells(region, &plane, cell_width, cell_height, cells))
            return FALSE;
        for (guint pass = 0; pass < 2; pass++) {
            box(cells->sums, cells, 2);
            box(cells->counts, cells, 2);
        }
        write_blurred(region, &plane, cell_width, cell_height, cells);
    }
    return TRUE;
}

/* Black where all pixels of a sample are transparent. */
static void blacken(const gfloat *opaque, GstVideoFrame *frame, guint component)
{
    const GstHrnetComponent plane = gst_hrnet_component(frame, component);
    const guint black = gst_hrnet_component_color(&frame->info, component, 0);
    const guint width = (guint)GST_VIDEO_FRAME_WIDTH(frame),
                height = (guint)GST_VIDEO_FRAME_HEIGHT(frame);

    for (guint y = 0; y < plane.height; y++) {
        guint y0, y1;
        const gfloat *a, *b;

        gst_hrnet_component_rows(&plane, y, height, &y0, &y1);
        a = opaque + (gsize)y0 * width;
        b = opaque + (gsize)y1 * width;

        for (guint x = 0; x < plane.width; x++) {
            const guint x0 = x << plane.w_sub, x1 = MIN(x0 + plane.w_sub, width - 1);

            if (a[x0] + a[x1] + b[x0] + b[x1] == 0)
                gst_hrnet_component_set(&plane, plane.data + y * plane.stride + x * plane.step,
                                        black);
        }
    }
}

gboolean gst_hrnet_hide_cut_out(GstHrnetRegion *region, GstVideoFrame *frame, guint feather,
                                gboolean had_alpha, GstHrnetCells *cells)
{
    const guint width = region->width, height = region->height;
    GstHrnetComponent alpha;

    if (!prepare_sums(cells, width, height))
        return FALSE;
    for (gsize i = 0; i < (gsize)width * height; i++)
        cells->sums[i] = !region->pixels[i];
    if (feather > 0)
        box(cells->sums, cells, (gint)feather);
    alpha = gst_hrnet_component(frame, GST_VIDEO_COMP_A);
    for (guint y = 0; y < height; y++) {
        const guint n_rows = MIN(y + feather, height - 1) - (y > feather ? y - feather : 0) + 1;

        for (guint x = 0; x < width; x++) {
            const guint n =
                n_rows * (MIN(x + feather, width - 1) - (x > feather ? x - feather : 0) + 1);
            const gsize i = (gsize)y * width + x;
            guint8 *value = alpha.data + y * alpha.stride + x * alpha.step;

            /* The edge fades inside of what is kept: nothing of the region shows. */
            if (region->pixels[i])
                cells->sums[i] = 0;
            *value = (guint8)((had_alpha ? *value : 255) * cells->sums[i] / n + 0.5f);
        }
    }
    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++)
        blacken(cells->sums, frame, c);
    return TRUE;
}
