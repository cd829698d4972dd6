/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Manual pages from tables: the few man(7) macros that our pages need, with everything that roff
 * would take for a command of its own escaped.
 */
#pragma once

#include <stdio.h>

/* Title line and NAME. `section` is a number, `summary` a line without a full stop. */
void roff_begin(FILE *to, const char *name, int section, const char *version, const char *summary);

void roff_section(FILE *to, const char *heading);

/* What stands first under a heading; newlines are as good as spaces. */
void roff_text(FILE *to, const char *text);

/* What follows it, apart. */
void roff_paragraph(FILE *to, const char *text);

/* The line of the SYNOPSIS: the command is bold, the rest as it is. */
void roff_synopsis(FILE *to, const char *command, const char *arguments);

/* A bold term, with an argument in italics unless that is NULL, and what it means. */
void roff_item(FILE *to, const char *term, const char *argument, const char *text);

/* "-s, --socket PATH"; `letter` may be 0 and `argument` NULL. */
void roff_option(FILE *to, char letter, const char *name, const char *argument, const char *text);

/* SEE ALSO: names with their sections, "holdfast(8)", ends with NULL. */
void roff_see_also(FILE *to, const char *const *pages);
