/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/score_template.h"

const HrnetScoreKernels hrnet_score_kernels_avx2 = {
    .smooth = smooth,
    .winners = winners,
    .margins = margins,
    .sum_rows = sum_rows,
    .sum_products = sum_products,
    .window_means = window_means,
    .fit = fit,
};
