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

static void prepare_cells(GstHrnetCells *cells, guint columns, guint rows)
{
    const gsize n = (gsize)columns * rows, n_line = MAX(columns, (gsize)rows * ABREAST);

    if (cells->n_allocated < n + n_line) {
        gst_hrnet_cells_clear(cells);
        cells->n_allocated = n + n_line;
        cells->sums = g_new(gfloat, cells->n_allocated);
        cells->counts = g_new(gfloat, cells->n_allocated);
        cells->line = g_new(gfloat, cells->n_allocated);
    }
    cells->columns = columns;
    cells->rows = rows;
    memset(cells->sums, 0, n * sizeof *cells->sums);
    memset(cells->counts, 0, n * sizeof *cells->counts);
}

void gst_hrnet_cells_clear(GstHrnetCells *cells)
{
    g_free(cells->sums);
    g_free(cells->counts);
    g_free(cells->line);
    *cells = (GstHrnetCells){ 0 };
}

/* cell_width, cell_height: in samples. */
static void sum_cells(const GstHrnetRegion *region, const GstHrnetComponent *plane,
                      guint cell_width, guint cell_height, GstHrnetCells *cells)
{
    prepare_cells(cells, (plane->width + cell_width - 1) / cell_width,
                  (plane->height + cell_height - 1) / cell_height);
    for (guint y = 0; y < plane->height; y++) {
        const guint8 *row = plane->data + y * plane->stride;
        const gsize first = (gsize)(y / cell_height) * cells->columns;

        for (guint x = 0; x < plane->width; x++) {
            if (gst_hrnet_region_has(region, x, y, plane->w_sub, plane->h_sub)) {
                cells->sums[first + x / cell_width] += row[x * plane->step];
                cells->counts[first + x / cell_width] += 1;
            }
        }
    }
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

void gst_hrnet_hide_pixelate(const GstHrnetRegion *region, GstVideoFrame *frame, guint cell,
                             GstHrnetCells *cells)
{
    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const guint cell_width = MAX(cell >> plane.w_sub, 1),
                    cell_height = MAX(cell >> plane.h_sub, 1);

        sum_cells(region, &plane, cell_width, cell_height, cells);
        for (guint y = 0; y < plane.height; y++) {
            guint8 *row = plane.data + y * plane.stride;
            const gsize first = (gsize)(y / cell_height) * cells->columns;

            for (guint x = 0; x < plane.width; x++) {
                const gsize i = first + x / cell_width;

                if (gst_hrnet_region_has(region, x, y, plane.w_sub, plane.h_sub))
                    row[x * plane.step] = (guint8)(cells->sums[i] / cells->counts[i] + 0.5f);
            }
        }
    }
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

static gfloat interpolate(const gfloat *values, gsize row0, gsize row1, guint x0, guint x1,
                          gfloat wy, gfloat wx)
{
    const gfloat above = values[row0 + x0] + (values[row0 + x1] - values[row0 + x0]) * wx;
    const gfloat below = values[row1 + x0] + (values[row1 + x1] - values[row1 + x0]) * wx;

    return above + (below - above) * wy;
}

static void write_blurred(const GstHrnetRegion *region, const GstHrnetComponent *plane,
                          guint cell_width, guint cell_height, const GstHrnetCells *cells)
{
    for (guint y = 0; y < plane->height; y++) {
        guint8 *row = plane->data + y * plane->stride;
        guint y0, y1, x0, x1;
        const gfloat wy = between(y, cell_height, cells->rows, &y0, &y1);
        const gsize row0 = (gsize)y0 * cells->columns, row1 = (gsize)y1 * cells->columns;

        for (guint x = 0; x < plane->width; x++) {
            gfloat wx, count;

            if (!gst_hrnet_region_has(region, x, y, plane->w_sub, plane->h_sub))
                continue;
            wx = between(x, cell_width, cells->columns, &x0, &x1);
            count = interpolate(cells->counts, row0, row1, x0, x1, wy, wx);
            row[x * plane->step] =
                (guint8)(CLAMP(interpolate(cells->sums, row0, row1, x0, x1, wy, wx) / count, 0,
                               255) +
                         0.5f);
        }
    }
}

/* Cells of a quarter of the radius, twice a box of five of them: near enough to a Gaussian of half
 * the radius. */
void gst_hrnet_hide_blur(const GstHrnetRegion *region, GstVideoFrame *frame, guint radius,
                         GstHrnetCells *cells)
{
    const guint cell = MAX(radius / 4, 1);

    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const guint cell_width = MAX(cell >> plane.w_sub, 1),
                    cell_height = MAX(cell >> plane.h_sub, 1);

        sum_cells(region, &plane, cell_width, cell_height, cells);
        for (guint pass = 0; pass < 2; pass++) {
            box(cells->sums, cells, 2);
            box(cells->counts, cells, 2);
        }
        write_blurred(region, &plane, cell_width, cell_height, cells);
    }
}

/* Black where all pixels of a sample are transparent. */
static void blacken(const gfloat *opaque, GstVideoFrame *frame, guint component)
{
    const GstHrnetComponent plane = gst_hrnet_component(frame, component);
    const guint8 black = gst_hrnet_component_color(&frame->info, component, 0);
    const guint width = (guint)GST_VIDEO_FRAME_WIDTH(frame),
                height = (guint)GST_VIDEO_FRAME_HEIGHT(frame);

    for (guint y = 0; y < plane.height; y++) {
        const gfloat *a = opaque + (gsize)(y << plane.h_sub) * width;
        const gfloat *b = opaque + (gsize)MIN((y << plane.h_sub) + plane.h_sub, height - 1) * width;

        for (guint x = 0; x < plane.width; x++) {
            const guint x0 = x << plane.w_sub, x1 = MIN(x0 + plane.w_sub, width - 1);

            if (a[x0] + a[x1] + b[x0] + b[x1] == 0)
                plane.data[y * plane.stride + x * plane.step] = black;
        }
    }
}

void gst_hrnet_hide_cut_out(const GstHrnetRegion *region, GstVideoFrame *frame, guint feather,
                            gboolean had_alpha, GstHrnetCells *cells)
{
    const guint width = region->width, height = region->height;
    GstHrnetComponent alpha;

    prepare_cells(cells, width, height);
    for (gsize i = 0; i < (gsize)width * height; i++) {
        cells->sums[i] = !region->pixels[i];
        cells->counts[i] = 1;
    }
    if (feather > 0) {
        box(cells->sums, cells, (gint)feather);
        box(cells->counts, cells, (gint)feather);
    }
    alpha = gst_hrnet_component(frame, GST_VIDEO_COMP_A);
    for (guint y = 0; y < height; y++) {
        for (guint x = 0; x < width; x++) {
            const gsize i = (gsize)y * width + x;
            guint8 *value = alpha.data + y * alpha.stride + x * alpha.step;

            /* The edge fades inside of what is kept: nothing of the region shows. */
            if (region->pixels[i])
                cells->sums[i] = 0;
            *value =
                (guint8)((had_alpha ? *value : 255) * cells->sums[i] / cells->counts[i] + 0.5f);
        }
    }
    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++)
        blacken(cells->sums, frame, c);
}
