/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* 0 or -ENOMEM. */
static int error_fill(struct error *ret, const char *file, unsigned int line, const char *path,
		      const char *what)
{
	struct error error = {.line = line, .file_length = file ? strlen(file) : 0};
	char place[16] = "";
	int n;

	if (line)
		snprintf(place, sizeof(place), ":%u", line);
	if (path && *path) {
		error.path_length = strlen(path);
		error.path_at = file ? error.file_length + strlen(place) + strlen(": ") : 0;
	}
	n = asprintf(&error.text, "%s%s%s%s%s%s", file ? file : "", file ? place : "",
		     file ? ": " : "", path && *path ? path : "", path && *path ? ": " : "", what);
	if (n < 0)
		return -ENOMEM;
	error.what = error.text + n - strlen(what);
	for (char *c = error.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	*ret = error;
	return 0;
}

int errors_add(struct errors *errors, const char *file, unsigned int line, const char *path,
	       const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	struct error *list, error;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);

	list = reallocarray(errors->list, errors->n + 1, sizeof(*list));
	if (list)
		errors->list = list;
	if (!list || !what || error_fill(&error, file, line, path, what) < 0) {
		errors->lost++;
		return -EINVAL;
	}
	errors->list[errors->n++] = error;
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

const struct error *errors_at(const struct errors *errors, size_t i)
{
	return i < errors->n ? &errors->list[i] : NULL;
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
