/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/fleet.h"

#define MAX_BACKENDS_MIN 10 /* has the smallest rows that there are */

static void write_service(FILE *file, const struct fleet *fleet, unsigned int i)
{
	bool asked = fleet->asked && i == 0;
	unsigned int members = asked ? 2 : fleet->members, most = fleet->members;

	fprintf(file,
		"  s%u:\n    vips: [10.%u.%u.%u, \"2001:db8:1::%x:%x\"]\n    protocol: tcp\n"
		"    ports: 7000\n    max-backends: %u\n    health: {check: %s}\n    backends:\n",
		i, i >> 16 & 0xff, i >> 8 & 0xff, i & 0xff, i >> 16, i & 0xffff,
		most < MAX_BACKENDS_MIN ? MAX_BACKENDS_MIN : most, asked ? "tcp" : "off");
	for (unsigned int j = 0; j < members; j++)
		fprintf(file, "      b%u: {weight: %u}\n", (i + j) % fleet->backends + 1,
			i == fleet->services - 1 && j == 0 ? fleet->weight : 1);
}

void fleet_write(FILE *file, const struct fleet *fleet)
{
	fprintf(file, "# Made by bench/fleet.c.\n"
		      "infrastructure: fd48:6f6c::/32\nsecret: secret\nmtu: 1500\n"
		      "sites:\n  ams: {locator: \"fd48:6f6c:0:1::/64\"}\n"
		      "gateways:\n"
		      "  g1: {locator: \"fd48:6f6c:0:101::/64\", interfaces: [eth0]}\n"
		      "backends:\n");
	for (unsigned int id = 1; id <= fleet->backends; id++)
		fprintf(file,
			"  b%u: {id: %u, locator: \"fd48:6f6c:1:%x::/64\", interfaces: [eth0]}\n",
			id, id, id);
	fprintf(file, "services:\n");
	for (unsigned int i = 0; i < fleet->services; i++)
		write_service(file, fleet, i);
}
