/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/lone_class.h"

#include <string.h>

bool hrnet_lone_class_init(HrnetTensor *scores, const HrnetTensor *logits)
{
    const size_t n_bytes = 2 * logits->plane_floats * sizeof(float);
    *scores = *logits;
    scores->channels = 2;
    scores->data = hrnet_aligned_alloc(n_bytes);
    if (scores->data)
        memset(scores->data, 0, n_bytes);
    return scores->data;
}

HrnetTensor hrnet_lone_class_plane(const HrnetTensor *scores)
{
    HrnetTensor plane = *scores;
    plane.data += plane.plane_floats;
    plane.channels = 1;
    return plane;
}

void hrnet_lone_class_lower(uint8_t *labels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        labels[i]--;
}
