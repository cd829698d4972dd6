/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static char *text_new(const char *file, unsigned int line, const char *path, const char *what)
{
	char place[16] = "";
	char *text;

	if (line)
		snprintf(place, sizeof(place), ":%u", line);
	if (asprintf(&text, "%s%s%s%s%s%s", file ? file : "", file ? place : "", file ? ": " : "",
		     path && *path ? path : "", path && *path ? ": " : "", what) < 0)
		return NULL;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return text;
}

int errors_add(struct errors *errors, const char *file, unsigned int line, const char *path,
	       const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	struct error *list;
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);

	if (what)
		text = text_new(file, line, path, what);
	list = text ? reallocarray(errors->list, errors->n + 1, sizeof(*list)) : NULL;
	if (!list) {
		free(text);
		errors->lost++;
		return -EINVAL;
	}
	errors->list = list;
	errors->list[errors->n++] = (struct error){.text = text, .line = line};
	return -EINVAL;
}

size_t errors_count(const struct errors *errors)
{
	return errors->n + errors->lost;
}

const char *errors_text(const struct errors *errors, size_t i)
{
	return i < errors->n ? errors->list[i].text : NULL;
}

/* A merge, since qsort(3) promises no stable order. */
static void merge(struct error *list, size_t n, struct error *room)
{
	size_t half = n / 2, left = 0, right = half, out = 0;

	if (n < 2)
		return;
	merge(list, half, room);
	merge(list + half, n - half, room);
	while (left < half && right < n)
		room[out++] = list[right].line < list[left].line ? list[right++] : list[left++];
	while (left < half)
		room[out++] = list[left++];
	memcpy(list, room, out * sizeof(*list));
}

void errors_sort(struct errors *errors)
{
	_cleanup_free_ struct error *room = calloc(errors->n + 1, sizeof(*room));

	if (room) /* else they stay as they were found, which is as true */
		merge(errors->list, errors->n, room);
}

void errors_print(const struct errors *errors, FILE *to)
{
	for (size_t i = 0; i < errors->n; i++)
		fprintf(to, "%s\n", errors->list[i].text);
	if (errors->lost)
		fprintf(to, "%zu more errors, but no memory to describe them\n", errors->lost);
}

void errors_clear(struct errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->list[i].text);
	free(errors->list);
	*errors = (struct errors){};
}
