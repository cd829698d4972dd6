/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the configuration is. These rows stand in a node's own file, whatever the store. */
#include "core/config_part.h"

#include <string.h>

#include "core/config.h"

static const char *check_endpoint(const void *value)
{
	const char *url = *(char *const *)value;
	size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;

	if (!scheme || !url[scheme] || strpbrk(url, " \t\r\n") || strchr(url + scheme, '/'))
		return "is not an endpoint";
	return NULL;
}

static const char *check_prefix(const void *value)
{
	const char *prefix = *(char *const *)value;

	if (*prefix != '/' || strpbrk(prefix, " \t\r\n") || prefix[strlen(prefix) - 1] == '/')
		return "is not a prefix of keys";
	return NULL;
}

static const struct config_row rows[] = {
	{
		.path = "store",
		.type = CONFIG_CHOICE,
		.choices = {{"file", CONFIG_STORE_FILE}, {"etcd", CONFIG_STORE_ETCD}},
		.fallback = "file",
		.help = "Where the rest of the configuration is: in this file, or in etcd, for all nodes "
			"of a fleet. With etcd nothing but store and etcd stands in the file.",
		AT(config, store),
	},
	{
		.path = "etcd",
		.type = CONFIG_GROUP,
		.help = "How etcd is reached. Names of files are relative to the folder of the "
			"configuration.",
		AT(config, etcd),
	},
	{
		.path = "etcd.endpoints",
		.type = CONFIG_TEXT,
		.list = true,
		.max = 16,
		.allowed = "http://ADDRESS:PORT or https://ADDRESS:PORT",
		.check = check_endpoint,
		.help = "Its members. One is asked until it fails, then the next. Addresses rather than "
			"names: DNS may be what a fleet serves, and a name that is not resolved within "
			"1.5 s counts as a member that does not answer.",
		MANY_AT(config_etcd, endpoints),
	},
	{
		.path = "etcd.prefix",
		.type = CONFIG_TEXT,
		.fallback = "/holdfast",
		.allowed = "a path, like /holdfast",
		.check = check_prefix,
		.help = "Of all keys: the configuration is below PREFIX/config/, the nodes that live "
			"below PREFIX/nodes/. A node's user reads the former and writes the latter.",
		AT(config_etcd, prefix),
	},
	{
		.path = "etcd.ca",
		.type = CONFIG_TEXT,
		.allowed = "the name of a file",
		.help = "File (PEM) of the authorities that etcd's certificate is checked by. Without: "
			"the host's.",
		AT(config_etcd, ca),
	},
	{
		.path = "etcd.certificate",
		.type = CONFIG_TEXT,
		.allowed = "the name of a file",
		.help = "File (PEM) of this node's own certificate, where etcd asks for one.",
		AT(config_etcd, certificate),
	},
	{
		.path = "etcd.key",
		.type = CONFIG_TEXT,
		.allowed = "the name of a file",
		.help = "File (PEM) of its key.",
		AT(config_etcd, key),
	},
	{
		.path = "etcd.user",
		.type = CONFIG_TEXT,
		.help = "Of etcd's own authentication.",
		AT(config_etcd, user),
	},
	{
		.path = "etcd.password-file",
		.type = CONFIG_TEXT,
		.allowed = "the name of a file",
		.help = "File whose first line is the user's password, readable by its owner only.",
		AT(config_etcd, password_file),
	},
};

const struct config_part config_rows_store = PART(rows);
