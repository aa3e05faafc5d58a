/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-report.h"
#include "options.h"
#include "report.h"

#include <stdio.h>

static gdouble result_gmac(const BenchResult *result)
{
    return hrnet_model_get_gmac(result->model, result->height, result->width);
}

static gdouble packed_mb(const BenchResult *result)
{
    return (gdouble)hrnet_model_get_packed_bytes(result->model) / 1e6;
}

static gdouble arena_mb(const BenchResult *result)
{
    return (gdouble)hrnet_session_get_arena_bytes(result->session) / 1e6;
}

/* A multiply-add is two operations. */
static gdouble gflops(gdouble gmac, gdouble ms)
{
    return ms > 0 ? 2e3 * gmac / ms : 0;
}

/* The number of layers that each algorithm computes, by the algorithm's name. */
static GTree *count_algorithms(const BenchResult *result)
{
    GTree *counts = g_tree_new((GCompareFunc)(void (*)(void))g_strcmp0);

    for (guint i = 0; i < result->n_layers; i++) {
        HrnetLayer layer;
        gpointer count;

        hrnet_session_get_layer(result->session, i, &layer);
        count = g_tree_lookup(counts, layer.algorithm);
        g_tree_insert(counts, (gpointer)layer.algorithm,
                      GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
    }
    return counts;
}

static gboolean print_algorithm(gpointer name, gpointer count, gpointer data)
{
    gboolean *first = data;

    printf("%s%s %u", *first ? "" : ", ", (gchar *)name, GPOINTER_TO_UINT(count));
    *first = FALSE;
    return FALSE;
}

/* Milliseconds that show as more than 0.000: a step that is done along with another takes none, and
 * has no speed. */
#define LEAST_MS 0.0005

/* One line of the table; layer: NULL in the last one. */
static void print_layer(const BenchResult *result, const HrnetLayer *layer, gdouble gmac,
                        gdouble ms, gdouble total_ms)
{
    g_autofree gchar *output =
        layer ? g_strdup_printf("%ux%ux%u", layer->channels, layer->height, layer->width) : NULL;
    g_autofree gchar *speed =
        ms >= LEAST_MS ? g_strdup_printf("%.1f", gflops(gmac, ms)) : g_strdup("-");
    g_autofree gchar *peak =
        result->peak_gflops > 0 && ms >= LEAST_MS
            ? g_strdup_printf("%.1f%%", 100 * gflops(gmac, ms) / result->peak_gflops)
            : g_strdup("-");

    printf("%-38s %-14s %14s %8.4f %9.3f %8s %7s %5.1f%%\n", layer ? layer->name : "sum",
           layer ? layer->algorithm : "", output ? output : "", gmac, ms, speed, peak,
           total_ms > 0 ? 100 * ms / total_ms : 0);
}

/* GFLOP/s are those of the network as it is defined, so that what an algorithm saves shows as
 * speed, at times above the peak. */
static void print_profile(const BenchResult *result)
{
    gdouble total_ms = 0;

    for (guint i = 0; i < result->n_layers; i++)
        total_ms += result->layer_ms[i];
    if (result->peak_gflops > 0)
        printf("peak        %.1f GFLOP/s of bare multiply-adds\n", result->peak_gflops);
    printf("\n%-38s %-14s %14s %8s %9s %8s %7s %6s\n", "layer", "algorithm", "output", "GMAC", "ms",
           "GFLOP/s", "peak", "share");
    for (guint i = 0; i < result->n_layers; i++) {
        HrnetLayer layer;

        hrnet_session_get_layer(result->session, i, &layer);
        print_layer(result, &layer, layer.gmac, result->layer_ms[i], total_ms);
    }
    print_layer(result, NULL, result_gmac(result), total_ms, total_ms);
}

void bench_print_text(const BenchResult *result)
{
    g_autoptr(GTree) algorithms = count_algorithms(result);
    const gdouble gmac = result_gmac(result);
    g_autofree gchar *path = report_line(hrnet_model_get_path(result->model));
    gboolean first = TRUE;

    printf("model       %s: %s\n", path, hrnet_model_get_variant(result->model));
    printf("input       %ux%u, %s, %.2f G multiply-adds\n", result->height, result->width,
           tool_precision_name(hrnet_session_get_precision(result->session)), gmac);
    printf("cpu         %s, kernels %s, %u threads\n", hrnet_get_cpu(), hrnet_get_isa(),
           hrnet_session_get_n_threads(result->session));
    printf("network     %.2f ms, %.1f GFLOP/s\n", result->network_ms,
           gflops(gmac, result->network_ms));
    printf("frame       %.2f ms from I420 1280x720 to its mask\n", result->frame_ms);
    printf("load        %.1f ms\n", result->load_ms);
    printf("memory      %.1f MB added; weights %.1f MB, arena %.1f MB\n", result->added_mb,
           packed_mb(result), arena_mb(result));
    printf("algorithms  ");
    g_tree_foreach(algorithms, print_algorithm, &first);
    printf("\n");
    if (result->layer_ms)
        print_profile(result);
}

static gboolean add_algorithm(gpointer name, gpointer count, gpointer builder)
{
    report_integer(builder, name, GPOINTER_TO_UINT(count));
    return FALSE;
}

static void add_layers(JsonBuilder *builder, const BenchResult *result)
{
    json_builder_set_member_name(builder, "layers");
    json_builder_begin_array(builder);
    for (guint i = 0; i < result->n_layers; i++) {
        HrnetLayer layer;

        hrnet_session_get_layer(result->session, i, &layer);
        json_builder_begin_object(builder);
        report_string(builder, "name", layer.name);
        report_string(builder, "algorithm", layer.algorithm);
        report_integer(builder, "channels", layer.channels);
        report_integer(builder, "height", layer.height);
        report_integer(builder, "width", layer.width);
        report_number(builder, "gmac", layer.gmac);
        report_number(builder, "ms", result->layer_ms[i]);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

void bench_print_json(const BenchResult *result)
{
    g_autoptr(GTree) algorithms = count_algorithms(result);
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    report_number(builder, "network_ms", result->network_ms);
    report_number(builder, "frame_ms", result->frame_ms);
    report_number(builder, "load_ms", result->load_ms);
    report_number(builder, "load_cpu_ms", result->load_cpu_ms);
    report_number(builder, "gmac", result_gmac(result));
    report_number(builder, "added_mb", result->added_mb);
    report_number(builder, "packed_mb", packed_mb(result));
    report_number(builder, "arena_mb", arena_mb(result));
    report_integer(builder, "threads", hrnet_session_get_n_threads(result->session));
    report_size(builder, "size", result->height, result->width);
    report_string(builder, "precision",
                  tool_precision_name(hrnet_session_get_precision(result->session)));
    report_string(builder, "cpu", hrnet_get_cpu());
    report_string(builder, "isa", hrnet_get_isa());
    json_builder_set_member_name(builder, "algorithms");
    json_builder_begin_object(builder);
    g_tree_foreach(algorithms, add_algorithm, builder);
    json_builder_end_object(builder);
    if (result->layer_ms)
        add_layers(builder, result);
    if (result->peak_gflops > 0)
        report_number(builder, "peak_gflops", result->peak_gflops);
    json_builder_end_object(builder);
    report_print(builder);
}

void bench_result_clear(BenchResult *result)
{
    g_clear_pointer(&result->session, hrnet_session_unref);
    g_clear_pointer(&result->model, hrnet_model_unref);
    g_clear_pointer(&result->layer_ms, g_free);
}
