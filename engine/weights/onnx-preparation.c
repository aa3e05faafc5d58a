/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-preparation.h"

#include <math.h>
#include <string.h>

#include "weights/onnx-conv.h"
#include "weights/onnx-node.h"

#define ANY_HEIGHT                                                                                 \
    131 /* where the file does not say: both odd, as are half and quarter of them                  \
         */
#define ANY_WIDTH 203

static const HrnetOnnxPicture *picture_of(const HrnetOnnxBuild *build, const Onnx__NodeProto *node,
                                          gsize input)
{
    return input < node->n_input ? g_hash_table_lookup(build->pictures, node->input[input]) : NULL;
}

static gint axis_of(const HrnetOnnxPicture *picture, gchar axis)
{
    const gchar *at = strchr(picture->axes, axis);
    return at ? (gint)(at - picture->axes) : -1;
}

/* An axis as an index, from the end where it is negative; -1 where it is out of range. */
static gint index_of(const HrnetOnnxPicture *picture, gint64 axis)
{
    const gint64 n = (gint64)strlen(picture->axes);
    axis = axis < 0 ? axis + n : axis;
    return axis >= 0 && axis < n ? (gint)axis : -1;
}

static gint64 dimension(const Onnx__TensorShapeProto *shape, gsize index)
{
    const Onnx__TensorShapeProto__Dimension *dim = shape->dim[index];
    return dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ? dim->dim_value
                                                                                   : 0;
}

/* Whether the first transposition moves the channels from the end. */
static gboolean begins_with_channels_last(const Onnx__GraphProto *graph)
{
    for (gsize i = 0; i < graph->n_node; i++) {
        const Onnx__NodeProto *node = graph->node[i];
        const Onnx__AttributeProto *perm = hrnet_onnx_attribute(node, "perm");
        if (!node->op_type || strcmp(node->op_type, "Conv") == 0)
            return FALSE;
        if (strcmp(node->op_type, "Transpose") == 0)
            return perm && perm->n_ints >= 3 &&
                   perm->ints[perm->n_ints - 3] == (gint64)perm->n_ints - 1;
    }
    return FALSE;
}

void hrnet_onnx_prepare_input(HrnetOnnxBuild *build, const Onnx__GraphProto *graph, guint value)
{
    const Onnx__ValueInfoProto *input = build->graph->input;
    const Onnx__TypeProto *type = input->type;
    const Onnx__TensorShapeProto *shape = NULL;
    if (type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && type->tensor_type)
        shape = type->tensor_type->shape;
    const gsize n_dims = shape ? shape->n_dim : 4;
    if (n_dims != 3 && n_dims != 4)
        return;
    const gsize first = n_dims - 3;
    const gint64 c_first = shape ? dimension(shape, first) : 0,
                 c_last = shape ? dimension(shape, first + 2) : 0;
    const gboolean told = (c_first == 1 || c_first == 3) != (c_last == 1 || c_last == 3);
    const gboolean last = told ? c_last == 1 || c_last == 3 : begins_with_channels_last(graph);
    const gint64 channels = last ? c_last : c_first;
    HrnetOnnxPicture *picture = g_new0(HrnetOnnxPicture, 1);
    g_strlcpy(picture->axes, (last ? "NHWC" : "NCHW") + (n_dims == 3), sizeof picture->axes);
    picture->n_planes = channels >= 1 && channels <= HRNET_ONNX_MOST_PLANES ? (guint)channels : 3;
    for (guint c = 0; c < picture->n_planes; c++)
        picture->planes[c] = (HrnetOnnxPlane){ .from = c, .scale = 1 };
    picture->whole = shape && hrnet_onnx_type_is_whole(type->tensor_type->elem_type);
    g_hash_table_insert(build->pictures, input->name, picture);

    HrnetOnnxValue *extent = build->graph->all_values->pdata[value];
    const gint64 height = shape ? dimension(shape, (gsize)axis_of(picture, 'H')) : 0;
    const gint64 width = shape ? dimension(shape, (gsize)axis_of(picture, 'W')) : 0;
    build->graph->input_height = height > 0 && height <= G_MAXUINT16 ? (guint)height : 0;
    build->graph->input_width = width > 0 && width <= G_MAXUINT16 ? (guint)width : 0;
    const gboolean known = build->graph->input_height && build->graph->input_width;
    extent->channels = picture->n_planes;
    extent->height = known ? (guint)height : ANY_HEIGHT;
    extent->width = known ? (guint)width : ANY_WIDTH;
}

/* One number of a constant for each plane. FALSE where it varies along another axis. */
static gboolean plane_numbers(const HrnetOnnxPicture *picture, const Onnx__TensorProto *constant,
                              gdouble *numbers)
{
    const gint axis = axis_of(picture, 'C');
    const gsize n_axes = strlen(picture->axes);
    if (!constant || constant->n_dims > n_axes)
        return FALSE;
    for (gsize d = 0; d < constant->n_dims; d++)
        if (constant->dims[d] != 1 && ((gint)(n_axes - constant->n_dims + d) != axis ||
                                       constant->dims[d] != picture->n_planes))
            return FALSE;
    const gint n = hrnet_onnx_numbers(constant, numbers, HRNET_ONNX_MOST_PLANES);
    for (guint c = 1; n == 1 && c < picture->n_planes; c++)
        numbers[c] = numbers[0];
    return n == 1 || n == (gint)picture->n_planes;
}

/* Add, Sub, Mul, Div of a constant. */
static gboolean calculate(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                          const Onnx__NodeProto *node)
{
    const gchar op = node->op_type[0] == 'D'   ? '/'
                     : node->op_type[0] == 'M' ? '*'
                     : node->op_type[0] == 'S' ? '-'
                                               : '+';
    const guint at = picture_of(build, node, 0) ? 1 : 0; /* the constant */
    gdouble numbers[HRNET_ONNX_MOST_PLANES];
    if (node->n_input != 2 || (at == 0 && (op == '-' || op == '/')) ||
        !plane_numbers(picture, hrnet_onnx_constant(build->graph, node, at), numbers))
        return FALSE;
    for (guint c = 0; c < picture->n_planes; c++) {
        HrnetOnnxPlane *plane = &picture->planes[c];
        const gdouble factor = op == '*' ? numbers[c] : op == '/' ? 1 / numbers[c] : 1;
        plane->scale *= factor;
        plane->shift = plane->shift * factor + (op == '+'   ? numbers[c]
                                                : op == '-' ? -numbers[c]
                                                            : 0);
    }
    return picture->calculated = TRUE;
}

static gboolean normalise(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                          const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *epsilon = hrnet_onnx_attribute(node, "epsilon");
    gdouble parts[4][HRNET_ONNX_MOST_PLANES];
    if (axis_of(picture, 'C') != 1 || node->n_input != 5)
        return FALSE;
    for (guint i = 0; i < 4; i++) {
        const Onnx__TensorProto *constant = hrnet_onnx_constant(build->graph, node, i + 1);
        if (!constant || hrnet_onnx_numbers(constant, parts[i], HRNET_ONNX_MOST_PLANES) !=
                             (gint)picture->n_planes)
            return FALSE;
    }
    for (guint c = 0; c < picture->n_planes; c++) {
        HrnetOnnxPlane *plane = &picture->planes[c];
        const gdouble factor =
            parts[0][c] / sqrt(parts[3][c] + (epsilon && epsilon->has_f ? epsilon->f : 1e-5));
        plane->scale *= factor;
        plane->shift = (plane->shift - parts[2][c]) * factor + parts[1][c];
    }
    return picture->calculated = TRUE;
}

static gboolean transpose(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                          const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *perm = hrnet_onnx_attribute(node, "perm");
    gchar axes[sizeof picture->axes] = "";
    (void)build;
    if (!perm || perm->n_ints != strlen(picture->axes))
        return FALSE;
    for (gsize d = 0; d < perm->n_ints; d++) {
        const gint from = index_of(picture, perm->ints[d]);
        if (from < 0 || strchr(axes, picture->axes[from]))
            return FALSE;
        axes[d] = picture->axes[from];
    }
    memcpy(picture->axes, axes, sizeof axes);
    return TRUE;
}

/* The one axis that a node is told, in an input or, in older operators, in an attribute. */
static gboolean one_number(const HrnetOnnxBuild *build, const Onnx__NodeProto *node, guint input,
                           const gchar *name, gdouble *number)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, name);
    const Onnx__TensorProto *constant = hrnet_onnx_constant(build->graph, node, input);
    if (attribute && attribute->n_ints == 1)
        *number = (gdouble)CLAMP(attribute->ints[0], G_MININT32, G_MAXINT32);
    else if (!constant || hrnet_onnx_numbers(constant, number, 1) != 1)
        return FALSE;
    *number = CLAMP(*number, G_MININT32, G_MAXINT32);
    return TRUE;
}

/* Of a batch of one, or of a single plane. */
static gboolean unsqueeze(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                          const Onnx__NodeProto *node)
{
    const gsize n = strlen(picture->axes);
    const gchar axis = axis_of(picture, 'N') < 0 ? 'N' : 'C';
    gdouble at;
    if (axis_of(picture, axis) >= 0 || !one_number(build, node, 1, "axes", &at))
        return FALSE;
    at = at < 0 ? at + (gdouble)n + 1 : at;
    if (at < 0 || at > (gdouble)n)
        return FALSE;
    memmove(picture->axes + (gsize)at + 1, picture->axes + (gsize)at, n - (gsize)at + 1);
    picture->axes[(gsize)at] = axis;
    return TRUE;
}

/* Planes by their numbers; those of one number that is no list lose their axis. */
static gboolean gather(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                       const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *axis = hrnet_onnx_attribute(node, "axis");
    const Onnx__TensorProto *constant = hrnet_onnx_constant(build->graph, node, 1);
    const gint at = axis_of(picture, 'C');
    const HrnetOnnxPicture before = *picture;
    gdouble numbers[HRNET_ONNX_MOST_PLANES];
    const gint n = constant ? hrnet_onnx_numbers(constant, numbers, HRNET_ONNX_MOST_PLANES) : -1;
    if (at < 0 || index_of(picture, axis ? axis->i : 0) != at || n < 1 || constant->n_dims > 1)
        return FALSE;
    for (gint c = 0; c < n; c++) {
        const gdouble from = numbers[c] < 0 ? numbers[c] + before.n_planes : numbers[c];
        if (from < 0 || from >= before.n_planes)
            return FALSE;
        picture->planes[c] = before.planes[(guint)from];
    }
    picture->n_planes = (guint)n;
    if (constant->n_dims == 0)
        memmove(picture->axes + at, picture->axes + at + 1, strlen(picture->axes + at));
    return TRUE;
}

/* A run of planes, forwards or backwards. */
static gboolean slice(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                      const Onnx__NodeProto *node)
{
    const HrnetOnnxPicture before = *picture;
    const gdouble n = before.n_planes;
    gdouble start, end, axis, step = 1;
    if (!one_number(build, node, 1, "starts", &start) ||
        !one_number(build, node, 2, "ends", &end) || !one_number(build, node, 3, "axes", &axis) ||
        (node->n_input > 4 && !one_number(build, node, 4, "steps", &step)) ||
        index_of(picture, (gint64)axis) != axis_of(picture, 'C') || axis_of(picture, 'C') < 0 ||
        (step != 1 && step != -1))
        return FALSE;
    start = CLAMP(start < 0 ? start + n : start, 0, step > 0 ? n : n - 1);
    end = CLAMP(end < 0 ? end + n : end, -1, n);
    picture->n_planes = 0;
    for (gdouble from = start; step > 0 ? from < end : from > end; from += step)
        picture->planes[picture->n_planes++] = before.planes[(guint)from];
    return picture->n_planes > 0;
}

static gboolean concatenate(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                            const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *axis = hrnet_onnx_attribute(node, "axis");
    const gint at = axis_of(picture, 'C');
    if (!axis || at < 0 || index_of(picture, axis->i) != at)
        return FALSE;
    for (gsize i = 1; i < node->n_input; i++) {
        const HrnetOnnxPicture *other = picture_of(build, node, i);
        if (!other || strcmp(other->axes, picture->axes) != 0 ||
            picture->n_planes + other->n_planes > HRNET_ONNX_MOST_PLANES)
            return FALSE;
        memcpy(picture->planes + picture->n_planes, other->planes,
               other->n_planes * sizeof *other->planes);
        picture->n_planes += other->n_planes;
        picture->calculated = picture->calculated || other->calculated;
    }
    return TRUE;
}

/* Into single planes. */
static gboolean split(const HrnetOnnxPicture *picture, const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *axis = hrnet_onnx_attribute(node, "axis");
    const gint at = axis_of(picture, 'C');
    return at >= 0 && index_of(picture, axis ? axis->i : 0) == at &&
           node->n_output == picture->n_planes;
}

static void note_picture(HrnetOnnxBuild *build, const gchar *name, const HrnetOnnxPicture *picture,
                         gint value)
{
    if (!*name)
        return;
    g_hash_table_insert(build->pictures, (gpointer)name, g_memdup2(picture, sizeof *picture));
    hrnet_onnx_name_value(build->graph, name, (guint)value);
}

static gboolean keep(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                     const Onnx__NodeProto *node)
{
    (void)picture, (void)build, (void)node;
    return TRUE;
}

gboolean hrnet_onnx_prepare(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    static const struct {
        const gchar *type;
        gboolean (*func)(HrnetOnnxPicture *picture, const HrnetOnnxBuild *build,
                         const Onnx__NodeProto *node);
    } funcs[] = {
        { "Add", calculate },       { "Sub", calculate },
        { "Mul", calculate },       { "Div", calculate },
        { "Cast", keep },           { "Identity", keep },
        { "CastLike", keep },       { "Dropout", keep },
        { "Gather", gather },       { "Slice", slice },
        { "Concat", concatenate },  { "Transpose", transpose },
        { "Unsqueeze", unsqueeze }, { "BatchNormalization", normalise },
    };
    const gsize at = picture_of(build, node, 0) ? 0 : 1;
    const HrnetOnnxPicture *before = picture_of(build, node, at);
    if (!before || !node->op_type || node->n_output == 0)
        return FALSE;
    HrnetOnnxPicture after = *before;
    const gint value = hrnet_onnx_find_value(build->graph, node->input[at]);
    if (strcmp(node->op_type, "Split") == 0 && split(before, node)) {
        after.n_planes = 1;
        for (gsize i = 0; i < node->n_output; i++) {
            after.planes[0] = before->planes[i];
            note_picture(build, node->output[i], &after, value);
        }
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(funcs); i++)
        if (strcmp(funcs[i].type, node->op_type) == 0 && funcs[i].func(&after, build, node)) {
            note_picture(build, node->output[0], &after, value);
            return TRUE;
        }
    return FALSE;
}

gboolean hrnet_onnx_end_preparation(HrnetOnnxBuild *build, const Onnx__NodeProto *conv)
{
    const HrnetOnnxPicture *picture = picture_of(build, conv, 0);
    if (!picture)
        picture = hrnet_onnx_padded_picture(build, conv);
    if (!picture)
        return TRUE;
    build->graph->picture = *picture;
    return strcmp(picture->axes, "NCHW") == 0 ||
           hrnet_onnx_refuse(build->error, build->graph, conv,
                             "the axes of its input are %s, expected NCHW", picture->axes);
}

static gchar *as_array(const gdouble *numbers, guint n, gboolean reversed)
{
    g_autoptr(GString) text = g_string_new("[");
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];
    for (guint c = 0; c < n; c++)
        g_string_append_printf(
            text, "%s%s", c ? ", " : "",
            g_ascii_formatd(number, sizeof number, "%.7g", numbers[reversed ? n - 1 - c : c]));
    g_string_append_c(text, ']');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ImageNet's means tell an order of planes. */
static const gchar *order_of(const gdouble *mean, guint n)
{
    static const gdouble imagenet[3] = { 0.485, 0.456, 0.406 };
    gboolean rgb = n == 3, bgr = n == 3;
    for (guint c = 0; c < 3 && n == 3; c++) {
        rgb = rgb && fabs(mean[c] - imagenet[c]) < 0.01;
        bgr = bgr && fabs(mean[c] - imagenet[2 - c]) < 0.01;
    }
    return rgb ? "rgb" : bgr ? "bgr" : NULL;
}

/* Whether it takes numbers up to 255 rather than to 1: it divides by such, or takes such away. */
static gboolean takes_bytes(const HrnetOnnxPicture *picture)
{
    gboolean bytes = picture->whole;
    for (guint c = 0; c < picture->n_planes; c++)
        bytes = bytes || picture->planes[c].scale <= 0.25 ||
                fabs(picture->planes[c].shift) > 4 * picture->planes[c].scale;
    return bytes;
}

gboolean hrnet_onnx_describe_preparation(const HrnetOnnxGraph *graph, gchar **mean,
                                         gchar **deviation, const gchar **order, GError **error)
{
    const HrnetOnnxPicture *picture = &graph->picture;
    const guint n = picture->n_planes;
    gdouble means[HRNET_ONNX_MOST_PLANES], deviations[HRNET_ONNX_MOST_PLANES];
    *mean = *deviation = NULL;
    *order = NULL;
    gboolean forwards = TRUE, backwards = n == 3, scaled = TRUE;
    for (guint c = 0; c < n; c++) {
        const HrnetOnnxPlane *plane = &picture->planes[c];
        const gdouble scale = plane->scale * (takes_bytes(picture) ? 255 : 1);
        forwards = forwards && plane->from == c;
        backwards = backwards && plane->from == n - 1 - c;
        scaled = scaled && scale > 0 && isfinite(scale) && isfinite(plane->shift);
        means[c] = scaled ? -plane->shift / scale + 0.0 : 0;
        deviations[c] = scaled ? 1 / scale : 1;
    }
    if (!forwards && !backwards)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, graph->path,
                                  "the graph puts its input's planes into another order than as "
                                  "they are or from the last to the first");
    if (!scaled)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, graph->path,
                                  "the graph scales its input by something else than positive "
                                  "numbers");
    if (n == 0 || (!picture->calculated && !picture->whole))
        return TRUE;
    *order = order_of(means, n);
    const gboolean reversed = *order && strcmp(*order, "bgr") == 0;
    *mean = as_array(means, n, reversed);
    *deviation = as_array(deviations, n, reversed);
    return TRUE;
}
