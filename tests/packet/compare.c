/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/packet/packets.h"

#define LINE 16

static bool byte_differs(const struct frame *a, const struct frame *b, size_t at)
{
	return at >= a->size || at >= b->size || a->bytes[at] != b->bytes[at];
}

static bool line_differs(const struct frame *a, const struct frame *b, size_t line)
{
	for (size_t at = line; at < line + LINE && (at < a->size || at < b->size); at++)
		if (byte_differs(a, b, at))
			return true;
	return false;
}

/* One line of `frame`; bytes that `other` has otherwise stand in brackets. */
static void line_print(const char *title, const struct frame *frame, const struct frame *other,
		       size_t line)
{
	char text[LINE * 4 + 1];
	size_t end = line;

	memset(text, 0, sizeof(text));
	for (; end < line + LINE && end < frame->size; end++)
		snprintf(text + 4 * (end - line), 5,
			 byte_differs(frame, other, end) ? "[%02x]" : " %02x ", frame->bytes[end]);
	print_error("%8s %04zx %s\n", title, line, text);
}

void frame_check(const struct frame *got, const struct frame *wanted, const char *file, int line)
{
	size_t longer = got->size > wanted->size ? got->size : wanted->size;

	if (got->size == wanted->size && !memcmp(got->bytes, wanted->bytes, got->size))
		return;
	print_error("packet differs: %zu bytes, wanted %zu\n", got->size, wanted->size);
	for (size_t at = 0; at < longer; at += LINE) {
		if (!line_differs(got, wanted, at)) {
			line_print("", got, wanted, at);
			continue;
		}
		line_print("got", got, wanted, at);
		line_print("wanted", wanted, got, at);
	}
	_fail(file, line);
}
