/* SPDX-License-Identifier: BSD-2-Clause */
/* One network interface, captured on with libpcap. */
#include "capture/nic.h"

#include <errno.h>
#include <limits.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"

/* libpcap's optimizer takes seconds for longer ones, see filter.c. */
#define OPTIMIZE_MAX 1000
#define EXPRESSION_MAX 4096
/* The EtherType that no frame has (RFC 1701, section 2, reserves it). */
#define NO_PROTOCOL 0xffff
#define LINKTYPE_AT 20

struct nic {
	const struct nic_config *config;
	pcap_t *pcap;
	uint8_t header[NIC_HEADER_LEN];
	char name[IFNAMSIZ];                  /* that it has now */
	unsigned index;                       /* 0: any */
	unsigned short kind;                  /* ARPHRD_ */
	uint32_t kernel_drop, interface_drop; /* as libpcap told last */
	char message[PCAP_ERRBUF_SIZE];

	/* During nic_read. */
	void (*on_packet)(void *ctx, const struct nic_packet *packet);
	void *ctx;
};

/* Which interface. */

static bool
is_network(const char *name)
{
	return strcmp(name, "any") == 0 ||
	    (strlen(name) < IFNAMSIZ && if_nametoindex(name) != 0);
}

static void
name_all(const pcap_if_t *devices, char *text, size_t size)
{
	char shown[4 * IFNAMSIZ];
	size_t used = 0;

	text[0] = '\0';
	for (; devices != NULL && used < size; devices = devices->next) {
		if (!is_network(devices->name))
			continue;
		(void)text_visible(shown, sizeof(shown), devices->name,
		    strlen(devices->name));
		used += (size_t)snprintf(text + used, size - used, "%s%s",
		    used > 0 ? ", " : "", shown);
	}
}

static const char *
option_of(const struct nic_config *config)
{
	return config->option != NULL ? config->option : "--nic";
}

static int
check_name(const struct nic_config *config, struct error *error)
{
	const char *name = config->name;
	char message[PCAP_ERRBUF_SIZE] = "", list[600];
	pcap_if_t *devices = NULL;
	bool found = false;

	if (pcap_findalldevs(&devices, message) != 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot list the interfaces: %s", message);
	for (const pcap_if_t *d = devices; d != NULL && !found; d = d->next)
		found = strcmp(d->name, name) == 0 && is_network(name);
	if (!found)
		name_all(devices, list, sizeof(list));
	pcap_freealldevs(devices);
	return found ?
	    0 :
	    error_set(error, OUTCOME_USAGE,
		"%s=%.100s: no such network interface; this machine has %s%s%s%s",
		option_of(config), name, list,
		strchr(name, ',') != NULL ? " (give " : "",
		strchr(name, ',') != NULL ? option_of(config) : "",
		strchr(name, ',') != NULL ? " for each interface)" : "");
}

/* Opening. */

/* setcap needs a path, and a program of the build directory is in no PATH. */
static int
not_permitted(const char *option, const char *name, struct error *error)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[len > 0 ? len : 0] = '\0';
	return error_set(error, OUTCOME_USAGE,
	    "%s=%s: not permitted: run %s as root, or allow the program to "
	    "capture, as root: setcap cap_net_raw+ep %s",
	    option, name, program_invocation_short_name,
	    len > 0 ? program : program_invocation_name);
}

static int
fail(struct nic *nic, int code, struct error *error)
{
	const char *name = nic->config->name, *detail = pcap_geterr(nic->pcap);
	const char *option = option_of(nic->config);

	switch (code) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return not_permitted(option, name, error);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return error_set(error, OUTCOME_USAGE, "%s=%s: %s", option, name,
		    pcap_statustostr(code));
	/* That may change without another option: a service is started again. */
	case PCAP_ERROR_IFACE_NOT_UP:
		return error_set(error, OUTCOME_INPUT,
		    "%s=%s: the interface "
		    "is down: bring it up (ip link set %s up), and start "
		    "%s again",
		    option, name, name, program_invocation_short_name);
	default:
		return error_set(error, OUTCOME_INTERNAL, "%s=%s: %s%s%s",
		    option, name, pcap_statustostr(code), detail[0] != '\0' ? ": " : "",
		    detail);
	}
}

/* Names that begin like those of libpcap's other sources are taken for these: only what it opened tells. */
static bool
is_packet_socket(int fd)
{
	int domain = -1;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    domain == AF_PACKET;
}

static int
activate(struct nic *nic, struct error *error)
{
	const struct nic_config *config = nic->config;
	int code;

	nic->pcap = pcap_create(config->name, nic->message);
	if (nic->pcap == NULL)
		return error_set(error, OUTCOME_INTERNAL, "%s=%s: %s",
		    option_of(config), config->name, nic->message);
	(void)pcap_set_snaplen(nic->pcap, (int)config->snaplen);
	(void)pcap_set_promisc(nic->pcap, config->promisc);
	(void)pcap_set_timeout(nic->pcap, NIC_BLOCK_MS);
	(void)pcap_set_buffer_size(nic->pcap, (int)config->buffer);
	(void)pcap_set_immediate_mode(nic->pcap, config->immediate);
	(void)pcap_set_tstamp_precision(nic->pcap, PCAP_TSTAMP_PRECISION_NANO);
	/* Not even what arrives before its filter is set. */
	if (config->is_blind)
		(void)pcap_set_protocol_linux(nic->pcap, NO_PROTOCOL);
	code = pcap_activate(nic->pcap);
	if (code < 0)
		return fail(nic, code, error);
	if (pcap_setnonblock(nic->pcap, 1, nic->message) != 0 ||
	    pcap_get_selectable_fd(nic->pcap) < 0)
		return fail(nic, PCAP_ERROR, error);
	if (!is_packet_socket(pcap_fileno(nic->pcap)))
		return error_set(error, OUTCOME_USAGE,
		    "%s=%s: not a network interface",
		    option_of(config), config->name);
	return 0;
}

/* libpcap alone knows the LINKTYPE_ of a file for what it captures as DLT_: it writes the header. */
static int
make_header(struct nic *nic, struct error *error)
{
	FILE *file = fmemopen(nic->header, sizeof(nic->header), "w");
	pcap_dumper_t *dumper = NULL;

	if (file == NULL)
		return error_set(error, OUTCOME_INTERNAL, "out of memory");
	(void)setvbuf(file, NULL, _IONBF, 0);
	dumper = pcap_dump_fopen(nic->pcap, file);
	if (dumper == NULL) {
		(void)fclose(file);
		return error_set(error, OUTCOME_INTERNAL, "%s=%s: %s",
		    option_of(nic->config), nic->config->name, pcap_geterr(nic->pcap));
	}
	pcap_dump_close(dumper);
	return 0;
}

static unsigned short
kind_of(const struct nic *nic, const char *name)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(pcap_fileno(nic->pcap), SIOCGIFHWADDR, &request) == 0 ?
	    request.ifr_hwaddr.sa_family :
	    0;
}

struct nic *
nic_open(const struct nic_config *config, struct error *error)
{
	struct nic *nic;

	if (check_name(config, error) != 0)
		return NULL;
	nic = xcalloc(1, sizeof(*nic));
	nic->config = config;
	(void)snprintf(nic->name, sizeof(nic->name), "%s", config->name);
	nic->index =
	    strcmp(config->name, "any") == 0 ? 0 : if_nametoindex(config->name);
	if (activate(nic, error) != 0 || nic_exclude(nic, "", error) != 0 ||
	    make_header(nic, error) != 0) {
		nic_free(nic);
		return NULL;
	}
	nic->kind = kind_of(nic, nic->name);
	return nic;
}

void
nic_free(struct nic *nic)
{
	if (nic == NULL)
		return;
	if (nic->pcap != NULL)
		pcap_close(nic->pcap);
	free(nic);
}

/* The filter. */

/* message: at least 4 * PCAP_ERRBUF_SIZE bytes. */
static int
compile(pcap_t *pcap, const char *expression, struct bpf_program *program, char *message)
{
	bool optimize = strlen(expression) <= OPTIMIZE_MAX;

	if (pcap_compile(pcap, program, expression, optimize,
		PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	(void)text_visible(message, 4 * PCAP_ERRBUF_SIZE, pcap_geterr(pcap),
	    strlen(pcap_geterr(pcap)));
	/* Only the optimizer finds out that no packet can match; that is not an error here. */
	return optimize ?
	    pcap_compile(pcap, program, expression, 0, PCAP_NETMASK_UNKNOWN) :
	    -1;
}

static int
compile_short(pcap_t *pcap, const char *expression, struct bpf_program *program, struct error *error)
{
	char message[4 * PCAP_ERRBUF_SIZE];

	if (strlen(expression) > EXPRESSION_MAX)
		return error_set(error, OUTCOME_USAGE, "the expression is longer than %d bytes", EXPRESSION_MAX);
	if (compile(pcap, expression, program, message) != 0)
		return error_set(error, OUTCOME_USAGE, "%.800s", message);
	if (program->bf_len <= BPF_CODE_MAX)
		return 0;
	/* The optimizer was spared for its time. */
	if (strlen(expression) > OPTIMIZE_MAX) {
		pcap_freecode(program);
		if (pcap_compile(pcap, program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
			return error_set(error, OUTCOME_USAGE, "the expression is too long");
		if (program->bf_len <= BPF_CODE_MAX)
			return 0;
	}
	(void)error_set(error, OUTCOME_USAGE, "the expression has %u instructions; the kernel takes %d",
	    program->bf_len, BPF_CODE_MAX);
	pcap_freecode(program);
	return -1;
}

int
nic_compile(struct nic *nic, const char *expression, struct bpf_program *program, struct error *error)
{
	return compile_short(nic->pcap, expression, program, error);
}

/* For a file with the header of this capture and nothing else: libpcap then refuses what a file does not have. */
int
nic_compile_late(struct nic *nic, const char *expression, struct bpf_program *program, struct error *error)
{
	char message[PCAP_ERRBUF_SIZE];
	FILE *file = fmemopen(nic->header, sizeof(nic->header), "r");
	pcap_t *saved = file != NULL ? pcap_fopen_offline(file, message) : NULL;
	int rv;

	if (saved == NULL) {
		if (file != NULL)
			(void)fclose(file);
		return error_set(error, OUTCOME_INTERNAL, "out of memory");
	}
	rv = compile_short(saved, expression, program, error);
	pcap_close(saved);
	return rv;
}

static int
install(struct nic *nic, struct bpf_program *program, struct error *error)
{
	return pcap_setfilter(nic->pcap, program) == 0 ?
	    0 :
	    error_set(error, OUTCOME_INTERNAL, "set the capture filter: %s",
		pcap_geterr(nic->pcap));
}

static int
set_filter(struct nic *nic, const char *expression, struct error *error)
{
	char message[4 * PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	int rv;

	if (compile(nic->pcap, expression, &program, message) != 0)
		return error_set(error, OUTCOME_USAGE, "--bpf=%.400s: %.400s",
		    expression, message);
	rv = install(nic, &program, error);
	pcap_freecode(&program);
	return rv;
}

static int
set_codes(struct nic *nic, const char *not_these, struct error *error)
{
	const struct nic_config *config = nic->config;
	struct bpf_code *codes = xcalloc(config->code_count + 1, sizeof(*codes));
	struct bpf_program own = { 0 }, joined = { 0 };
	char *expression = xasprintf("not (%s)", not_these);
	size_t count = config->code_count, len;
	int rv = -1;

	memcpy(codes, config->codes, count * sizeof(*codes));
	if (not_these[0] != '\0') {
		if (nic_compile(nic, expression, &own, error) != 0)
			goto out;
		codes[count++] = (struct bpf_code){ own.bf_insns, own.bf_len };
	}
	joined.bf_insns = bpf_join(codes, count, config->snaplen, &len, error);
	if (joined.bf_insns == NULL)
		goto out;
	joined.bf_len = (unsigned)len;
	rv = install(nic, &joined, error);
out:
	free(joined.bf_insns);
	if (own.bf_insns != NULL)
		pcap_freecode(&own);
	free(expression);
	free(codes);
	return rv;
}

/* What is set then can neither be changed nor taken away, socket(7). */
static int
set_blind(struct nic *nic, struct error *error)
{
	struct bpf_insn nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct bpf_program program = { 1, &nothing };
	const int on = 1;

	if (install(nic, &program, error) != 0)
		return -1;
	return setsockopt(pcap_fileno(nic->pcap), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) == 0 ?
	    0 :
	    error_set(error, OUTCOME_INTERNAL, "lock the capture filter: %s", strerror(errno));
}

int
nic_exclude(struct nic *nic, const char *not_these, struct error *error)
{
	const char *bpf = nic->config->bpf != NULL ? nic->config->bpf : "";
	char *both;
	int rv;

	if (nic->config->is_blind)
		return set_blind(nic, error);
	if (nic->config->code_count > 0)
		return set_codes(nic, not_these, error);
	if (strlen(bpf) > EXPRESSION_MAX)
		return error_set(error, OUTCOME_USAGE,
		    "--bpf: the expression "
		    "is longer than %d bytes",
		    EXPRESSION_MAX);
	/* First by itself: what is put in parentheses must be whole. */
	if (not_these[0] == '\0')
		return set_filter(nic, bpf, error);
	both = bpf[0] == '\0' ?
	    xasprintf("not (%s)", not_these) :
	    xasprintf("(%s) and not (%s)", bpf, not_these);
	rv = set_filter(nic, both, error);
	free(both);
	return rv;
}

/* Packets. */

static void
on_packet(u_char *ctx, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct nic *nic = (struct nic *)(void *)ctx;
	struct nic_packet packet = { .sec = (uint32_t)header->ts.tv_sec,
		.fraction = (uint32_t)header->ts.tv_usec,
		.caplen = header->caplen,
		.wirelen = header->len,
		.bytes = bytes };

	nic->on_packet(nic->ctx, &packet);
}

int
nic_read(struct nic *nic, int max,
    void (*call)(void *ctx, const struct nic_packet *packet), void *ctx)
{
	nic->on_packet = call;
	nic->ctx = ctx;
	return pcap_dispatch(nic->pcap, max, on_packet, (u_char *)(void *)nic);
}

const uint8_t *
nic_header(const struct nic *nic)
{
	return nic->header;
}

uint16_t
nic_linktype(const struct nic *nic)
{
	uint32_t linktype;

	/* In the byte order of this machine; above are details of some link types. */
	memcpy(&linktype, nic->header + LINKTYPE_AT, sizeof(linktype));
	return (uint16_t)linktype;
}

int
nic_dlt(const struct nic *nic)
{
	return pcap_datalink(nic->pcap);
}

int
nic_fd(const struct nic *nic)
{
	return pcap_get_selectable_fd(nic->pcap);
}

/*
 * libpcap counts in 32 bits, which wrap around in a long capture, and the
 * interface's counter begins again with the interface.
 */
static uint64_t
advance(uint32_t *last, uint32_t now)
{
	uint32_t step = now - *last;

	*last = now;
	return step <= INT32_MAX ? step : 0;
}

void
nic_drops(struct nic *nic, uint64_t *kernel, uint64_t *interface)
{
	struct pcap_stat stat;

	if (pcap_stats(nic->pcap, &stat) != 0)
		return;
	*kernel += advance(&nic->kernel_drop, stat.ps_drop);
	*interface += advance(&nic->interface_drop, stat.ps_ifdrop);
}

/* Whether it is there. */

enum nic_state
nic_look(struct nic *nic)
{
	struct ifreq request;

	if (nic->index == 0)
		return NIC_UP;
	memset(&request, 0, sizeof(request));
	if (if_indextoname(nic->index, request.ifr_name) == NULL)
		return NIC_GONE;
	memcpy(nic->name, request.ifr_name, sizeof(nic->name));
	if (ioctl(pcap_fileno(nic->pcap), SIOCGIFFLAGS, &request) != 0)
		return NIC_GONE;
	return (request.ifr_flags & IFF_UP) != 0 ? NIC_UP : NIC_DOWN;
}

const char *
nic_name(const struct nic *nic)
{
	return nic->name;
}

/* Opening another socket would take the right that was given up; binding this one anew takes none. */
bool
nic_return(struct nic *nic)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq request = { .mr_type = PACKET_MR_PROMISC };
	unsigned index = if_nametoindex(nic->config->name);
	int fd = pcap_fileno(nic->pcap);

	if (index == 0 || kind_of(nic, nic->config->name) != nic->kind)
		return false;
	address.sll_ifindex = request.mr_ifindex = (int)index;
	if (bind(fd, (const struct sockaddr *)(const void *)&address,
		sizeof(address)) != 0)
		return false;
	nic->index = index;
	if (nic->config->promisc)
		(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
		    &request, sizeof(request));
	return true;
}
