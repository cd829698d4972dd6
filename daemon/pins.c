/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/pins.h"

#include <mntent.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "io/directory.h"
#include "wire/maps.h"

/* Our filter at tc egress: always the same place, so that a new program replaces the old one. */
#define EGRESS_PRIORITY 1
#define EGRESS_HANDLE 1

#define PINS_MODE 0700
#define MAP_PREFIX "map-"
#define LINK_PREFIX "link-"
#define ASIDE_PREFIX "former-"
#define STAGES_PREFIX "stages-"
#define NEXT_PREFIX "next-" /* stages of a program that is about to be attached */

struct pins {
	char *directory; /* of this layout */
	int lock;	 /* of the directory above */
};

static int layout_path(const char *directory, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/layout-%d", directory, LAYOUT_VERSION);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int pin_path(const struct pins *pins, const char *prefix, const char *name,
		    char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s%s", pins->directory, prefix, name);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int ensure_bpffs(const char *directory)
{
	struct statfs found;
	int r = directory_make(directory, PINS_MODE);

	if (r < 0)
		return r;
	if (statfs(directory, &found) < 0)
		return -errno;
	if ((unsigned long)found.f_type == BPF_FS_MAGIC)
		return 0;
	return mount("bpf", directory, "bpf", 0, "mode=0700") < 0 ? -errno : 0;
}

/* What a build of another layout left is refused, by name; nothing is touched. */
static int refuse_other_layouts(const char *directory)
{
	struct dirent *entry;
	DIR *layouts = opendir(directory);
	int r = 0;

	if (!layouts)
		return -errno;
	while ((entry = readdir(layouts))) {
		int layout;

		if (sscanf(entry->d_name, "layout-%d", &layout) != 1 || layout == LAYOUT_VERSION)
			continue;
		log_error("%s/%s: maps of layout %d, and this build has %d: detach with the build that "
			  "made them (--detach), then start this one",
			  directory, entry->d_name, layout, LAYOUT_VERSION);
		r = -EPROTO;
	}
	closedir(layouts);
	return r;
}

const char *pins_hint(int error)
{
	return (error == -EPERM || error == -EACCES) && geteuid() != 0 ? ", are you root?" : "";
}

int pins_lock(const char *directory)
{
	int fd = directory_lock(directory);

	if (fd == -EBUSY)
		log_error("%s: a daemon runs and keeps its pins there, nothing is changed: stop it first",
			  directory);
	return fd;
}

int pins_open(const char *directory, struct pins **ret)
{
	_cleanup_close_ int lock = -1;
	char path[PATH_MAX];
	struct pins *pins;
	int r;

	r = layout_path(directory, path);
	if (r == 0)
		r = ensure_bpffs(directory);
	if (r == 0) {
		lock = pins_lock(directory);
		if (lock == -EBUSY)
			return lock;
		r = lock < 0 ? lock : refuse_other_layouts(directory);
	}
	if (r == -EPROTO)
		return r;
	if (r == 0)
		r = directory_make(path, PINS_MODE);
	if (r < 0) {
		log_error("%s: cannot keep pins there: %s%s", directory, strerror(-r), pins_hint(r));
		return r;
	}
	pins = calloc(1, sizeof(*pins));
	if (!pins)
		return -ENOMEM;
	pins->directory = strdup(path);
	if (!pins->directory) {
		free(pins);
		return -ENOMEM;
	}
	pins->lock = lock;
	lock = -1;
	*ret = pins;
	return 0;
}

struct pins *pins_free(struct pins *pins)
{
	if (!pins)
		return NULL;
	close(pins->lock);
	free(pins->directory);
	free(pins);
	return NULL;
}

int pins_use_maps(const struct pins *pins, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		char path[PATH_MAX];
		int r;

		if (bpf_map__is_internal(map) || bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY)
			continue;
		r = pin_path(pins, MAP_PREFIX, bpf_map__name(map), path);
		if (r == 0)
			r = bpf_map__set_pin_path(map, path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int map_paths(const struct pins *pins, const char *name, char path[static PATH_MAX],
		     char aside[static PATH_MAX])
{
	int r = pin_path(pins, MAP_PREFIX, name, path);

	return r < 0 ? r : pin_path(pins, ASIDE_PREFIX, name, aside);
}

static ssize_t map_size(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	return (ssize_t)info.value_size * info.max_entries;
}

ssize_t pins_map_size(const struct pins *pins, const char *name)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	int r = pin_path(pins, MAP_PREFIX, name, path);

	if (r < 0)
		return r;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : map_size(fd);
}

int pins_set_aside(const struct pins *pins, const char *name)
{
	char path[PATH_MAX], aside[PATH_MAX];
	int r = map_paths(pins, name, path, aside);

	if (r < 0)
		return r;
	return rename(path, aside) < 0 ? -errno : 0;
}

int pins_put_back(const struct pins *pins, const char *name)
{
	char path[PATH_MAX], aside[PATH_MAX];
	int r = map_paths(pins, name, path, aside);

	if (r < 0)
		return r;
	return rename(aside, path) < 0 ? -errno : 0;
}

void pins_end_aside(const struct pins *pins, const char *name)
{
	char aside[PATH_MAX];

	if (pin_path(pins, ASIDE_PREFIX, name, aside) == 0)
		unlink(aside);
}

int pins_share_map(const struct pins *pins, const char *name, bool aside, size_t *ret_size, void **ret)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	void *memory;
	ssize_t size;
	int r = pin_path(pins, aside ? ASIDE_PREFIX : MAP_PREFIX, name, path);

	if (r < 0)
		return r;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	size = map_size(fd);
	if (size < 0)
		return size;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_size = size;
	*ret = memory;
	return 0;
}

int pins_map_memory(const struct bpf_map *map, size_t size, void **ret)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

static int attach_first(const char *path, unsigned int ifindex, const struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_xdp(program, ifindex);
	int r;

	if (!link)
		return -errno;
	r = bpf_link__pin(link, path);
	bpf_link__destroy(link); /* closes our end; the pin keeps it */
	return r;
}

/* -ENOENT: nothing is pinned. -ENOLINK: the link's interface is gone, another may have its name. */
static int attach_again(const char *path, const struct bpf_program *program)
{
	_cleanup_close_ int link = bpf_obj_get(path);

	if (link < 0)
		return -errno;
	return bpf_link_update(link, bpf_program__fd(program), NULL) < 0 ? -errno : 0;
}

static int attach_link(const struct pins *pins, const char *interface,
		       const struct bpf_program *program)
{
	unsigned int ifindex = if_nametoindex(interface);
	char path[PATH_MAX];
	int r;

	if (!ifindex)
		return -ENODEV;
	r = pin_path(pins, LINK_PREFIX, interface, path);
	if (r < 0)
		return r;
	r = attach_again(path, program);
	if (r == -ENOLINK)
		unlink(path);
	if (r == -ENOENT || r == -ENOLINK)
		r = attach_first(path, ifindex, program);
	return r;
}

/*
 * An array of programs that nobody has pinned or open is emptied by the kernel, though a program uses it.
 * So the new one is pinned before the link changes, and the former one until it has: whenever this daemon is
 * killed, each has its own.
 */
int pins_attach_xdp(const struct pins *pins, const char *interface, const struct bpf_program *program,
		    const struct bpf_map *stages)
{
	char next[PATH_MAX], path[PATH_MAX], aside[PATH_MAX];
	int r;

	if (!stages)
		return attach_link(pins, interface, program);
	r = pin_path(pins, NEXT_PREFIX, interface, next);
	if (r == 0)
		r = pin_path(pins, STAGES_PREFIX, interface, path);
	if (r == 0)
		r = pin_path(pins, ASIDE_PREFIX STAGES_PREFIX, interface, aside);
	if (r < 0)
		return r;
	rename(next, aside); /* of one that was killed below: it may be what the link has now */
	r = bpf_obj_pin(bpf_map__fd(stages), next) < 0 ? -errno : attach_link(pins, interface, program);
	if (r < 0) {
		unlink(next);
		return r;
	}
	unlink(aside);
	return rename(next, path) < 0 ? -errno : 0;
}

static int tc_hook(const char *interface, enum bpf_tc_attach_point point, struct bpf_tc_hook *hook)
{
	*hook = (struct bpf_tc_hook){
		.sz = sizeof(*hook),
		.ifindex = if_nametoindex(interface),
		.attach_point = point,
	};
	return hook->ifindex ? 0 : -ENODEV;
}

/* That the qdisc is there already is no fault, but libbpf would print the kernel's complaint. */
static int create_quietly(struct bpf_tc_hook *hook)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int r = bpf_tc_hook_create(hook);

	libbpf_set_print(print);
	return r;
}

static int attach_tc(const char *interface, enum bpf_tc_attach_point point,
		     const struct bpf_program *program)
{
	struct bpf_tc_opts options = {
		.sz = sizeof(options),
		.prog_fd = bpf_program__fd(program),
		.flags = BPF_TC_F_REPLACE,
		.handle = EGRESS_HANDLE,
		.priority = EGRESS_PRIORITY,
	};
	struct bpf_tc_hook hook;
	int r = tc_hook(interface, point, &hook);
	bool created;

	if (r < 0)
		return r;
	r = create_quietly(&hook);
	if (r < 0 && r != -EEXIST)
		return r;
	created = r == 0;
	r = bpf_tc_attach(&hook, &options);
	return r < 0 ? r : created;
}

int pins_attach_egress(const char *interface, const struct bpf_program *program)
{
	return attach_tc(interface, BPF_TC_EGRESS, program);
}

int pins_attach_ingress(const char *interface, const struct bpf_program *program)
{
	return attach_tc(interface, BPF_TC_INGRESS, program);
}

/* The unified hierarchy's root, whose sockets are the host's. */
static int cgroup_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int fd = -ENOENT;

	if (!mounts)
		return -errno;
	while (fd == -ENOENT && (entry = getmntent(mounts)))
		if (strcmp(entry->mnt_type, "cgroup2") == 0) {
			fd = open(entry->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			fd = fd < 0 ? -errno : fd;
		}
	endmntent(mounts);
	return fd;
}

int pins_attach_sockets(const struct pins *pins, const struct bpf_program *program)
{
	struct bpf_link *link;
	char path[PATH_MAX];
	int r = pin_path(pins, "sockets", "", path), root;

	if (r < 0)
		return r;
	r = attach_again(path, program);
	if (r != -ENOENT)
		return r;
	root = cgroup_root();
	if (root < 0)
		return root;
	link = bpf_program__attach_cgroup(program, root);
	r = link ? bpf_link__pin(link, path) : -errno;
	if (r == 0)
		bpf_link__disconnect(link);
	bpf_link__destroy(link);
	close(root);
	return r;
}

/* Both attach points at once: that is the qdisc. */
int pins_remove_egress_qdisc(const char *interface)
{
	struct bpf_tc_hook hook;
	int r = tc_hook(interface, BPF_TC_EGRESS, &hook);

	if (r < 0)
		return r;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	return bpf_tc_hook_destroy(&hook);
}

int pins_query_egress(const char *interface)
{
	struct bpf_tc_opts options = {
		.sz = sizeof(options),
		.handle = EGRESS_HANDLE,
		.priority = EGRESS_PRIORITY,
	};
	struct bpf_tc_hook hook;
	int r = tc_hook(interface, BPF_TC_EGRESS, &hook);

	return r < 0 ? r : bpf_tc_query(&hook, &options) == 0;
}

static int detach_tc(const char *interface, enum bpf_tc_attach_point point)
{
	struct bpf_tc_opts options = {
		.sz = sizeof(options),
		.handle = EGRESS_HANDLE,
		.priority = EGRESS_PRIORITY,
	};
	struct bpf_tc_hook hook;
	int r = tc_hook(interface, point, &hook);

	if (r < 0)
		return r;
	r = bpf_tc_detach(&hook, &options);
	return r == -ENOENT || r == -EINVAL ? 0 : r;
}

/* The interface that a pinned link is for, NULL for other pins. */
static const char *link_interface(const char *name)
{
	return strncmp(name, LINK_PREFIX, strlen(LINK_PREFIX)) == 0 ? name + strlen(LINK_PREFIX)
								      : NULL;
}

static void remove_pin(int directory, const char *name, bool egress)
{
	const char *interface = link_interface(name);
	int r = egress && interface ? detach_tc(interface, BPF_TC_EGRESS) : 0;

	if (r == 0 && egress && interface)
		r = detach_tc(interface, BPF_TC_INGRESS);
	if (r < 0 && r != -ENODEV)
		log_warning("%s: cannot take our filter away: %s", interface, strerror(-r));
	unlinkat(directory, name, 0);
}

int pins_remove(const char *directory, bool egress)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *pins;
	int r = refuse_other_layouts(directory);

	if (r == 0)
		r = layout_path(directory, path);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	pins = opendir(path);
	if (!pins)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(pins)))
		if (entry->d_type != DT_DIR)
			remove_pin(dirfd(pins), entry->d_name, egress);
	closedir(pins);
	return rmdir(path) < 0 ? -errno : 0;
}
