/* hrnetseg: how frames lie.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A phone's film lies as the sensor did and says so in a tag. Pixels, tags and masks stay as they
 * lie; the network alone is shown what stands upright. */
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

HrnetOrientation gst_hrnet_seg_orientation_locked(GstHrnetSeg *self)
{
    const gint asked = self->settings.orientation;

    return asked == GST_HRNET_ORIENTATION_AUTO ? self->tagged.orientation : (HrnetOrientation)asked;
}

gdouble gst_hrnet_seg_orientation_aspect_locked(GstHrnetSeg *self)
{
    const HrnetOrientation orientation = gst_hrnet_seg_orientation_locked(self);

    if (self->aspect > 0 && hrnet_orientation_swaps_sides(orientation))
        return 1 / self->aspect;
    return self->aspect;
}

static void set_tagged(GstHrnetSeg *self, GstHrnetTagged tagged)
{
    GST_OBJECT_LOCK(self);
    if (self->tagged.orientation != tagged.orientation)
        self->changes |= GST_HRNET_CHANGED_SESSION;
    self->tagged = tagged;
    GST_OBJECT_UNLOCK(self);
}

void gst_hrnet_seg_orientation_begin_stream(GstHrnetSeg *self)
{
    const GstHrnetTagged none = { HRNET_ORIENTATION_IDENTITY, FALSE };

    set_tagged(self, none);
}

void gst_hrnet_seg_orientation_tags(GstHrnetSeg *self, GstEvent *event)
{
    GstVideoOrientationMethod method;
    GstHrnetTagged tagged;
    GstTagList *tags;

    gst_event_parse_tag(event, &tags);
    tagged.of_stream = gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM;
    /* What is said of the stream itself goes over what is said of all of a file's. */
    if (!gst_video_orientation_from_tag(tags, &method) ||
        (self->tagged.of_stream && !tagged.of_stream))
        return;
    GST_DEBUG_OBJECT(self, "frames are tagged with orientation %d", (gint)method);
    /* Both count alike, and a tag tells nothing else. */
    tagged.orientation = (HrnetOrientation)method;
    set_tagged(self, tagged);
}
