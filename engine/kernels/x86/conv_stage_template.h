/* Staging of input rows for any vector type: included after its vector_*.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements i0..i1-1 of the staged row one by one, with the borders. */
static void stage_slowly(const HrnetConvStage *s, unsigned i0, unsigned i1)
{
    for (unsigned i = i0; i < i1; i++) {
        const long at = s->first + (long)i * s->stride;
        s->dst[i] = s->row && at >= 0 && at < (long)s->width ? s->row[at] : 0;
        if (s->stride == 2)
            s->dst[s->odd_floats + i] = s->row && at + 1 >= 0 && at + 1 < (long)s->width ? s->row[at + 1] : 0;
    }
}

static inline void conv_stage(const HrnetConvStage *s)
{
    /* i0..i1-1: those whose source lies inside the row. */
    const long stride = s->stride;
    long i0 = s->first < 0 ? (-s->first + stride - 1) / stride : 0;
    long i1 = ((long)s->width - s->first) / stride;
    if (!s->row || i1 < i0)
        i0 = i1 = 0;
    if (i1 > (long)s->n)
        i1 = s->n;
    if (i0 > i1)
        i0 = i1;
    stage_slowly(s, 0, (unsigned)i0);
    long i = i0;
    for (; i + VECTOR_FLOATS <= i1; i += VECTOR_FLOATS) {
        if (stride == 1) {
            vec_store(s->dst + i, vec_load(s->row + s->first + i));
        } else {
            vec even, odd;
            vec_load_even_odd(s->row + s->first + 2 * i, &even, &odd);
            vec_store(s->dst + i, even);
            vec_store(s->dst + s->odd_floats + i, odd);
        }
    }
    stage_slowly(s, (unsigned)i, s->n);
}
