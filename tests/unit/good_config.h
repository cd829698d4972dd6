/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A configuration in which all is well. A test changes a line of it and reads what is said about
 * that: the whole line, since the line is what the operator gets.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/tree.h"
#include "core/config.h"
#include "io/yaml.h"

static const char *const good[] = {
	"infrastructure: fd48::/32",
	"secret: secret",
	"mtu: 1400",
	"sites:",
	"  ams: {locator: \"fd48:0:0:1::/64\"}", /* 5 */
	"gateways:",
	"  g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0, eth1]}",
	"backends:",
	"  b1: {id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}",
	"  b2: {id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}", /* 10 */
	"  b3: {id: 3, locator: \"fd48:0:0:203::/64\", agent: false}",
	"services:",
	"  web:",
	"    vips: [198.51.100.80]",
	"    protocol: tcp", /* 15 */
	"    ports: 80",
	"    max-backends: 2",
	"    backends:",
	"      b1: {weight: 2}",
	"      b2: {}", /* 20 */
	"  dns:",
	"    vips: [198.51.100.53, \"2001:db8::/64\"]",
	"    protocol: udp",
	"    ports: 53-54",
	"    backends:", /* 25 */
	"      b3: {enabled: false, weight: 0}",
};

#define N_LINES (sizeof(good) / sizeof(good[0]))

/* `line` of the good configuration reads `text` instead; NULL leaves an empty line. */
struct change {
	unsigned int line;
	const char *text;
};

#define CHANGES(...) ((const struct change[]){__VA_ARGS__, {}})

static inline int read_changed(const struct change *changes, struct errors *errors,
			       struct config **ret)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	for (unsigned int line = 1; line <= N_LINES; line++) {
		const char *written = good[line - 1];

		for (const struct change *change = changes; change && change->line; change++)
			if (change->line == line)
				written = change->text ? change->text : "";
		fprintf(file, "%s\n", written);
	}
	fclose(file);
	assert_int_equal(yaml_tree_parse(text, length, "t.yaml", errors, &tree), 0);
	return config_from_tree(tree, errors, ret);
}

static inline void expect(const struct change *changes, const char *const *messages, size_t n)
{
	_cleanup_errors_ struct errors errors = {};
	struct config *const untouched = (struct config *)&errors;
	struct config *config = untouched;

	assert_int_equal(read_changed(changes, &errors, &config), -EINVAL);
	assert_ptr_equal(config, untouched);
	for (size_t i = 0; i < n && i < errors_count(&errors); i++)
		assert_string_equal(errors_text(&errors, i), messages[i]);
	if (errors_count(&errors) > n)
		fail_msg("one error too many: %s", errors_text(&errors, n));
	assert_int_equal(errors_count(&errors), n);
}

#define EXPECT(changes, ...)                                                                       \
	expect(changes, (const char *const[]){__VA_ARGS__},                                        \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* One line changed, one error. */
static inline void says(unsigned int line, const char *text, const char *message)
{
	EXPECT(CHANGES({line, text}), message);
}

static inline void accepts(const struct change *changes)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	if (read_changed(changes, &errors, &config) < 0)
		fail_msg("%s", errors_text(&errors, 0));
}
