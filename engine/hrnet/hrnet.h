/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_H
#define HRNET_H

/**
 * SECTION:hrnet
 * @title: The engine
 *
 * libhrnet segments images with HRNetV2 (Sun et al., "High-Resolution Representations for Labeling
 * Pixels and Regions", arXiv:1904.04514). Data flows like this:
 *
 *     HrnetModel  --->  HrnetSession  --->  HrnetMask  --->  hrnet_image_paint()
 *     (weights,         (one stream:        (a label a
 *      shared)           memory, size)       pixel, pooled)
 *
 * A #HrnetModel is immutable and may be shared by sessions and threads. A #HrnetSession belongs to
 * one stream and is used by one thread at a time. A child of fork() may go on with what its parent
 * has made, or make its own, provided that no thread was in a function of this library at the time.
 * The threads that compute are as nice as their caller. A #HrnetMask is immutable once handed out,
 * and may outlive the session that made it.
 *
 * A label is a byte: 0 is `unlabelled`, k is the network's class k-1. A network of one class labels
 * 1 where its logit is above 0, and 0 elsewhere; others never say 0.
 */

#include <hrnet/hrnet-calibration.h>
#include <hrnet/hrnet-convert.h>
#include <hrnet/hrnet-error.h>
#include <hrnet/hrnet-image.h>
#include <hrnet/hrnet-info.h>
#include <hrnet/hrnet-mask.h>
#include <hrnet/hrnet-model.h>
#include <hrnet/hrnet-output.h>
#include <hrnet/hrnet-session.h>

#endif
