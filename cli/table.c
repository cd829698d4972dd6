/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define GAP 2 /* columns between two */

struct cell {
	char *text;
	enum colour colour;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct cell *cells;
	size_t n_cells;
};

struct table *table_new(const struct table_column *columns, size_t n)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table)
		*table = (struct table){.columns = columns, .n_columns = n};
	return table;
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
	return NULL;
}

void table_cell(struct table *table, enum colour colour, const char *format, ...)
{
	struct cell *cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*table->cells));
	va_list arguments;
	char *text;
	int n;

	if (!cells)
		return;
	table->cells = cells;
	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n >= 0)
		cells[table->n_cells++] = (struct cell){text, colour};
}

void table_number(struct table *table, const json_t *object, const char *field, double unit,
		  const char *format)
{
	const json_t *number = json_object_get(object, field);

	if (json_is_number(number))
		table_cell(table, COLOUR_NONE, format, json_number_value(number) * unit);
	else
		table_cell(table, COLOUR_NONE, "-");
}

static int width_of(const struct table *table, size_t column)
{
	int width = strlen(table->columns[column].heading);

	for (size_t i = column; i < table->n_cells; i += table->n_columns) {
		int length = strlen(table->cells[i].text);

		width = length > width ? length : width;
	}
	return width;
}

/* The last of a row ends where its text does: no blanks at the end of lines. */
static void print_cell(const struct table *table, size_t column, int width, const char *text,
		       enum colour colour, FILE *to)
{
	int room = width - (int)strlen(text);
	bool right = table->columns[column].side == TABLE_RIGHT;
	bool last = column + 1 == table->n_columns;

	fprintf(to, "%*s%s%s%s%*s", right ? room : 0, "", colour_on(to, colour), text,
		colour_off(to, colour), last ? 0 : (right ? 0 : room) + GAP, "");
	if (last)
		fputc('\n', to);
}

void table_print(const struct table *table, FILE *to)
{
	size_t n = table->n_columns;
	_cleanup_free_ int *widths = calloc(n, sizeof(*widths));

	if (!widths)
		return;
	for (size_t i = 0; i < n; i++)
		widths[i] = width_of(table, i);
	for (size_t i = 0; i < n; i++)
		print_cell(table, i, widths[i], table->columns[i].heading, COLOUR_BOLD, to);
	for (size_t i = 0; i < table->n_cells / n * n; i++)
		print_cell(table, i % n, widths[i % n], table->cells[i].text,
			   table->cells[i].colour, to);
}
