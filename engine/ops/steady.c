/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/steady.h"

#include "ops/guide.h"
#include "ops/refine.h"
#include "ops/smooth.h"

#include <stdlib.h>
#include <string.h>

struct HrnetSteady {
    HrnetResizeMode mode;
    unsigned height, width; /* of the frame */
    bool smooths, refines, fresh;
    HrnetGuide *guide;
    HrnetRefiner *refiner; /* NULL: not asked for, or of no use */
    HrnetTensor history;   /* its data NULL: not asked for */
};

static bool history_init(HrnetTensor *history, const HrnetTensor *logits)
{
    const size_t n_bytes = logits->channels * logits->plane_floats * sizeof(float);
    *history = *logits;
    history->data = hrnet_aligned_alloc(n_bytes);
    if (history->data)
        memset(history->data, 0, n_bytes);
    return history->data;
}

HrnetSteady *hrnet_steady_new(const HrnetFrame *frame, const HrnetTensor *logits,
                              HrnetResizeMode mode, unsigned n_threads, bool smooths, bool refines)
{
    HrnetSteady *steady = calloc(1, sizeof *steady);
    if (!steady)
        return NULL;
    steady->mode = mode;
    steady->height = frame->height;
    steady->width = frame->width;
    steady->smooths = smooths;
    steady->refines = refines;
    steady->fresh = true;
    steady->guide = hrnet_guide_new(frame, logits->height, logits->width, n_threads);
    if (!steady->guide || (smooths && !history_init(&steady->history, logits)))
        goto error;
    /* One class has no edges. */
    if (refines && logits->channels > 1) {
        steady->refiner = hrnet_refiner_new(logits, mode, frame->height, frame->width, n_threads);
        if (!steady->refiner)
            goto error;
    }
    return steady;

error:
    hrnet_steady_free(steady);
    return NULL;
}

void hrnet_steady_free(HrnetSteady *steady)
{
    if (!steady)
        return;
    hrnet_guide_free(steady->guide);
    hrnet_refiner_free(steady->refiner);
    hrnet_aligned_free(steady->history.data);
    free(steady);
}

bool hrnet_steady_fits(const HrnetSteady *steady, bool smooths, bool refines)
{
    return steady->smooths == smooths && steady->refines == refines;
}

HrnetTensor hrnet_steady_scores(HrnetSteady *steady, const HrnetFrame *frame,
                                const HrnetTensor *logits, float share, HrnetWorkers *workers)
{
    hrnet_guide_look(steady->guide, frame, workers);
    if (!steady->smooths)
        return *logits;
    const HrnetTensor luma = hrnet_guide_cells(steady->guide);
    const HrnetTensor last_luma = hrnet_guide_last_cells(steady->guide);
    if (steady->fresh || share >= 1 || hrnet_smooth_is_cut(&luma, &last_luma))
        hrnet_smooth_restart(&steady->history, logits);
    else
        hrnet_smooth_run(&steady->history, logits, &luma, &last_luma, share, workers);
    steady->fresh = false;
    return steady->history;
}

void hrnet_steady_labels(HrnetSteady *steady, const HrnetTensor *scores, uint8_t *labels,
                         float *scratch, HrnetWorkers *workers)
{
    if (!steady->refiner) {
        hrnet_argmax_run(scores, steady->mode, labels, steady->width, steady->height, steady->width,
                         scratch, workers);
        return;
    }
    const HrnetTensor cells = hrnet_guide_cells(steady->guide);
    size_t stride_bytes;
    const uint8_t *luma = hrnet_guide_luma(steady->guide, &stride_bytes);
    hrnet_refiner_run(steady->refiner, scores, &cells, luma, stride_bytes, labels, steady->width,
                      workers);
}
