/* Staging of input rows for any vector type: included after its vector.h and
 * conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

static void stage_zeros(const HrnetConvStage *s, float *dst, unsigned stride)
{
    for (unsigned phase = 0; phase < stride; phase++) {
        dst[(long)(phase * s->odd_floats) - 1] = 0;
        for (size_t i = 0; i < s->n; i += VECTOR_FLOATS)
            vec_store(dst + phase * s->odd_floats + i, vec_zero());
    }
}

ALWAYS_INLINE void stage_row(const HrnetConvStage *s, const float *row, float *dst,
                             const unsigned stride)
{
    const float *src = row + s->first;
    const long left = (long)s->width - (long)s->first; /* of the row, from src on */
    for (unsigned phase = 0; phase < stride; phase++) {
        const bool exists = s->first + phase >= stride && (long)phase - (long)stride < left;
        dst[(long)(phase * s->odd_floats) - 1] = exists ? src[(long)phase - (long)stride] : 0;
    }
    const long step = (long)stride * VECTOR_FLOATS;
    size_t i = 0;
    long at = 0;
    for (; i < s->n && at + step <= left; i += VECTOR_FLOATS, at += step) {
        if (stride == 1) {
            vec_store(dst + i, vec_load(src + at));
        } else {
            vec even, odd;
            vec_deinterleave(vec_load(src + at), vec_load(src + at + VECTOR_FLOATS), &even, &odd);
            vec_store(dst + i, even);
            vec_store(dst + s->odd_floats + i, odd);
        }
    }
    for (; i < s->n; i += VECTOR_FLOATS, at += step) { /* the row's end, and beyond */
        const vec a =
            at < left ? vec_load_mask(vec_mask_range(0, left - at), src + at) : vec_zero();
        if (stride == 1) {
            vec_store(dst + i, a);
        } else {
            vec even, odd;
            const long far = at + VECTOR_FLOATS;
            vec_deinterleave(a,
                             far < left ? vec_load_mask(vec_mask_range(0, left - far), src + far)
                                        : vec_zero(),
                             &even, &odd);
            vec_store(dst + i, even);
            vec_store(dst + s->odd_floats + i, odd);
        }
    }
}

ALWAYS_INLINE void stage_rows(const HrnetConvStage *s, const unsigned stride)
{
    for (unsigned c = 0; c < s->n_channels; c++) {
        const float *plane = s->in + c * s->in_plane_floats;
        float *dst = s->dst + c * s->dst_channel_floats;
        for (unsigned i = 0; i < s->n_rows; i++, dst += s->dst_row_floats) {
            const long y = s->first_row + (long)i;
            if (y < 0 || y >= (long)s->height)
                stage_zeros(s, dst, stride);
            else
                stage_row(s, plane + (size_t)y * s->width, dst, stride);
        }
    }
}

ALWAYS_INLINE void conv_stage(const HrnetConvStage *s)
{
    if (s->stride == 1)
        stage_rows(s, 1);
    else
        stage_rows(s, 2);
}
