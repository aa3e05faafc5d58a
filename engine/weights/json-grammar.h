/* JSON's grammar (RFC 8259), and bounds on what a text of it may ask of a parser.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * json-glib takes more than JSON (comments, quotes of other kinds), recurses on every bracket, and
 * looks names up by a hash that anyone can find collisions of. So every text is gone through here
 * first, by the one grammar that what follows is bounded for: nothing else is ever parsed. */
#ifndef HRNET_WEIGHTS_JSON_GRAMMAR_H
#define HRNET_WEIGHTS_JSON_GRAMMAR_H

#include <glib.h>

#define HRNET_JSON_DEEPEST     32
#define HRNET_JSON_MOST_VALUES 300000
#define HRNET_JSON_MOST_NAMES  8192 /* of one object; a W48 with all its buffers has some 3,000 */

/* What is wrong with the text, as the end of "its header ..."; NULL where it is JSON in UTF-8
 * within the bounds above, no object has a name twice, and no string holds U+0000, which would end
 * a C string. In linear time but for sorting an object's names, in a few bytes for each name. Free
 * with g_free(). */
gchar *hrnet_json_fault(const gchar *text, gsize length);

#endif
