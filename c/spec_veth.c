/* spec_veth.c: the spec's object "veth", our one extension; go/spec_veth.go is its twin. */
#include "spec_read.h"

#include <string.h>

/* IFNAMSIZ less the NUL, netdevice(7). */
#define LINK_NAME_MAX 15
/* ETH_MIN_MTU and ETH_MAX_MTU of linux/if_ether.h. */
#define MTU_MIN	    68
#define MTU_MAX	    65535
#define MTU_DEFAULT 1500

/*
 * What the kernel's dev_valid_name() takes, and less: '%' would make it choose a number, and
 * names outside printable ASCII are a trap for whoever reads them.
 */
static bool valid_link_name(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lo") == 0)
		return false;
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		if (*p <= 0x20 || *p >= 0x7f || strchr("/:%", *p))
			return false;
	}
	return true;
}

static int read_link_name(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char **name = f->into;

	if (read_string(at, value, f, e) < 0)
		return -1;
	if (!valid_link_name(*name))
		return spec_refuse(at, e, "no name for an interface: %s", *name);
	return 0;
}

/* Decimal digits up to max, without a 0 before them; NULL where there are none. */
static const char *scan_decimal(const char *p, unsigned int max, unsigned int *n)
{
	if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return NULL;
	if (*p < '0' || *p > '9')
		return NULL;
	for (*n = 0; *p >= '0' && *p <= '9'; p++) {
		*n = *n * 10 + (unsigned int)(*p - '0');
		if (*n > max)
			return NULL;
	}
	return p;
}

/* "10.200.1.2"; returns what follows it, NULL where it is none. */
static const char *scan_ip(const char *p, uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned int n;

		if (i > 0 && *p++ != '.')
			return NULL;
		p = scan_decimal(p, 255, &n);
		if (!p)
			return NULL;
		ip[i] = (uint8_t)n;
	}
	return p;
}

static uint32_t number_of(const struct spec_address *a)
{
	return (uint32_t)a->ip[0] << 24 | (uint32_t)a->ip[1] << 16 | (uint32_t)a->ip[2] << 8 |
	       a->ip[3];
}

/* The bits of the host within its subnet. */
static uint32_t host_bits(const struct spec_address *a)
{
	return UINT32_MAX >> a->prefix;
}

static bool same_subnet(const struct spec_address *subnet, const struct spec_address *a)
{
	return ((number_of(subnet) ^ number_of(a)) & ~host_bits(subnet)) == 0;
}

/* False for an address that no interface may have: this network, loopback, multicast, reserved. */
static bool is_host(const struct spec_address *a)
{
	return a->ip[0] != 0 && a->ip[0] != 127 && a->ip[0] < 224;
}

/* False for the subnet's own address and its broadcast; a /31 has neither (RFC 3021). */
static bool is_host_of(const struct spec_address *subnet, const struct spec_address *a)
{
	uint32_t bits = number_of(a) & host_bits(subnet);

	return subnet->prefix == 31 || (bits != 0 && bits != host_bits(subnet));
}

static int read_address(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_address *a = f->into;
	char *text = NULL;
	const char *rest;
	int failed = read_string(at, value, &(struct field){.into = &text}, e);

	if (failed)
		goto out;
	rest = scan_ip(text, a->ip);
	if (rest && *rest == '/')
		rest = scan_decimal(rest + 1, 31, &a->prefix);
	else
		rest = NULL;
	a->given = true;
	if (!rest || *rest || a->prefix == 0)
		failed = spec_refuse(
			at, e, "must be an IPv4 address and its prefix, as 10.200.1.1/24");
	else if (!is_host(a) || !is_host_of(a, a))
		failed = spec_refuse(at, e, "no address for an interface: %s", text);
out:
	free(text);
	return failed;
}

static int read_gateway(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_address *a = f->into;
	char *text = NULL;
	const char *rest;
	int failed = read_string(at, value, &(struct field){.into = &text}, e);

	if (failed)
		goto out;
	rest = scan_ip(text, a->ip);
	a->given = true;
	a->prefix = 32;
	if (!rest || *rest)
		failed = spec_refuse(at, e, "must be an IPv4 address, as 10.200.1.1");
out:
	free(text);
	return failed;
}

static int read_host_end(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_veth_end *end = f->into;
	const struct field fields[] = {
		{"name", read_link_name, &end->name, 1, LINK_NAME_MAX, true},
		{"address", read_address, &end->address, 0, 0, true},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

static int read_container_end(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_veth_end *end = f->into;
	const struct spec_address *address = &end->address, *gateway = &end->gateway;
	const struct field fields[] = {
		{"name", read_link_name, &end->name, 1, LINK_NAME_MAX, true},
		{"address", read_address, &end->address, 0, 0, true},
		{"gateway", read_gateway, &end->gateway, 0, 0, false},
	};
	struct where here = {at, "gateway", 0};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	if (!gateway->given)
		return 0;
	if (!same_subnet(address, gateway) || !is_host_of(address, gateway))
		return spec_refuse(&here, e, "must be an address in the container's subnet");
	if (number_of(address) == number_of(gateway))
		return spec_refuse(&here, e, "must not be the container's own address");
	return 0;
}

int spec_read_veth(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct spec_address *host = &s->veth.host.address;
	const struct spec_address *container = &s->veth.container.address;
	const struct field fields[] = {
		{"host", read_host_end, &s->veth.host, 0, 0, true},
		{"container", read_container_end, &s->veth.container, 0, 0, true},
		{"mtu", read_int, &s->veth.mtu, MTU_MIN, MTU_MAX, false},
	};

	s->has_veth = true;
	s->veth.mtu = MTU_DEFAULT;
	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	if (number_of(host) == number_of(container))
		return spec_refuse(at, e, "both ends have the same address");
	if (host->prefix != container->prefix || !same_subnet(host, container))
		return spec_refuse(at, e, "both ends must be in one subnet");
	return 0;
}
