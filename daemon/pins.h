/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pins: what keeps forwarding alive without its daemon. Maps and links live in one directory of a
 * bpffs, under the number of their layout (wire/maps.h), so that a daemon of another layout never
 * takes them for its own. A daemon that starts finds its maps there, full, and exchanges only the
 * program behind each link.
 *
 *   DIR/layout-3/map-NAME        DIR/layout-3/link-INTERFACE        DIR/layout-3/stages-INTERFACE
 *
 * The programs that a link's program goes on in belong to it and to the same load (its maps' sizes, its
 * settings): they change hands with the link, and not before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

struct pins;

/*
 * The directory for this layout below `directory`, made if need be; where that is on no bpffs, one is
 * mounted there. 0 or a negative errno, said to stderr: -EBUSY when another daemon has pins there; -EPROTO
 * when a build of another layout has, which this one can neither read nor replace without losing packets.
 */
int pins_open(const char *directory, struct pins **ret);

/*
 * Below `directory` pins are only changed by who has locked it: a daemon from pins_open to pins_free, and who takes
 * them away. The lock ends with its descriptor, so a dead daemon has none. -EBUSY, said to stderr: a daemon runs;
 * -ENOENT: no such directory, so no daemon, or another negative errno.
 */
int pins_lock(const char *directory);
/* What to say behind the reason why something was not done, if the reason is who one is. */
const char *pins_hint(int error);

struct pins *pins_free(struct pins *pins);

/*
 * Before load: the object's maps are those pinned, or will be; but for its read-only data, and for the
 * programs that it goes on in, since loading them into a pinned array would put them to work at once.
 */
int pins_use_maps(const struct pins *pins, struct bpf_object *object);

/*
 * A map of another size cannot take a pinned one's place, and the attached program still needs that one.
 * So it is set aside under another name, from where the new one's daemon reads it. Put back, it replaces what has
 * been pinned since; -ENOENT: none is set aside, and nothing is changed.
 */
ssize_t pins_map_size(const struct pins *pins, const char *name); /* of the pinned map, bytes; -ENOENT */
int pins_set_aside(const struct pins *pins, const char *name);
int pins_put_back(const struct pins *pins, const char *name);
void pins_end_aside(const struct pins *pins, const char *name);

/*
 * The memory of the map that is pinned, or (`aside`) set aside, as programs have it; to be unmapped. -ENOENT:
 * there is none.
 */
int pins_share_map(const struct pins *pins, const char *name, bool aside, size_t *ret_size, void **ret);

/* An array's elements as memory that the programs share, `size` bytes. 0 or a negative errno. */
int pins_map_memory(const struct bpf_map *map, size_t size, void **ret);

/*
 * Puts `program` on the interface: in place of the one before, atomically, or for the first time. `stages`:
 * the array of programs that it goes on in, kept as long as the interface has it; NULL: it has none.
 */
int pins_attach_xdp(const struct pins *pins, const char *interface, const struct bpf_program *program,
		    const struct bpf_map *stages);

/*
 * The same at tc egress, where a filter of a fixed number is replaced. 0; 1: and the interface had no
 * clsact qdisc before, so it is ours to take away again; or a negative errno.
 */
int pins_attach_egress(const char *interface, const struct bpf_program *program);
int pins_attach_ingress(const char *interface, const struct bpf_program *program);
int pins_remove_egress_qdisc(const char *interface);

/* 1: a filter stands in that place, 0: none; -ENODEV. */
int pins_query_egress(const char *interface);

/* The same for a sockops program, at the root of the unified cgroup hierarchy. -ENOENT: there is none. */
int pins_attach_sockets(const struct pins *pins, const struct bpf_program *program);

/*
 * Takes every pin away, and with the last reference what is pinned; the interfaces are free then. With
 * `egress` the filters of pins_attach_egress go too, from the interfaces that links were pinned for. -EPROTO, and
 * nothing is touched: a build of another layout has pins there, which is said to stderr.
 */
int pins_remove(const char *directory, bool egress);
