/* The steps that HRNetV2+OCR alone has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_STEP_OCR_H
#define HRNET_NET_STEP_OCR_H

#include "net/step.h"

/* As hrnet_step_make() of node step->first. FALSE, and step as it was, where that begins no step of
 * these. */
gboolean hrnet_step_make_ocr(const HrnetStepContext *context, HrnetStep *step);

#endif
