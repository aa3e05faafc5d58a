/* Changes of any kind to an element through which frames flow, as chance has them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_ELEMENT_ANY_CHANGE_H
#define HRNET_TESTS_ELEMENT_ANY_CHANGE_H

#include "harness.h"

/* A property, to a value that it takes or that is a mistake which only a warning tells of while the
 * element plays. */
void change_any_property(GstElement *element, GRand *rand);

/* That, or caps, a flush or lateness before the frame n. info: of the caps that then hold. */
void change_anything(GstHarness *h, GRand *rand, GstVideoInfo *info, guint n);

/* What is a warning while playing is an error at the start: all that may be one to what is none. */
void set_what_is_valid(GstElement *element);

/* Empties the bus; fails the test where there was an error on it. */
void expect_no_error(GstBus *bus);

#endif
