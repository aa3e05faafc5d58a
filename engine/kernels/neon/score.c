/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/kernels.h"
#include "kernels/neon/vector.h"
#include "kernels/vector/score.h"

const HrnetScoreKernels hrnet_score_kernels_neon = {
    .smooth = smooth,
    .winners = winners,
    .margins = margins,
    .sum_rows = sum_rows,
    .sum_products = sum_products,
    .window_means = window_means,
    .fit = fit,
};
