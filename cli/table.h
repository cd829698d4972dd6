/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables whose columns are as wide as what stands in them. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/text.h"

struct table;

struct table_column {
	const char *heading;
	enum { TABLE_LEFT, TABLE_RIGHT } side;
};

/* The columns must outlive the table. NULL: no memory. */
struct table *table_new(const struct table_column *columns, size_t n);
struct table *table_free(struct table *table);

DEFINE_TRIVIAL_CLEANUP(struct table *, table_free);

#define _cleanup_table_ _cleanup_(table_freep)

/* The next cell, rows from left to right. A table that runs out of memory prints what it has. */
void table_cell(struct table *table, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A field of `object`, in units of `1 / unit`, by `format`, which has one double; "-": it is not known. */
void table_number(struct table *table, const json_t *object, const char *field, double unit,
		  const char *format);

/* Headings and full rows. */
void table_print(const struct table *table, FILE *to);
