package store

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Grant lets one script reach one destination of the home network. Host is an
// address, a network in CIDR form or a name, in its canonical form.
type Grant struct {
	ID        uuid.UUID `json:"id"`
	ScriptID  uuid.UUID `json:"script_id"`
	AppID     uuid.UUID `json:"app_id"`
	Host      string    `json:"host"`
	Port      int       `json:"port"`
	CreatedBy string    `json:"created_by"`
	CreatedAt Time      `json:"created_at"`
}

// GrantDraft is a new grant. Port is 1 to 65535.
type GrantDraft struct {
	Host      string
	Port      int
	CreatedBy string
}

const (
	maxGrantsOfScript = 50
	maxGrantHostBytes = 253 // the longest name (RFC 1035)

	selectGrants = "SELECT g.id, g.script_id, s.app_id, g.host, g.port, g.created_by, g.created_at FROM grants g JOIN scripts s ON s.id = g.script_id"
	insertGrant  = "INSERT INTO grants (id, script_id, host, port, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)"
)

// homeNetworks are the addresses that a grant can open: loopback, RFC 1918,
// CGNAT and unique local ones. The internet is open anyway, and everything else
// stays shut (spec 8, "HTTP out").
var homeNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"),
}

// target names the grant in the audit.
func (g Grant) target() Target {
	return Target{Kind: "grant", ID: &g.ID, Name: net.JoinHostPort(g.Host, strconv.Itoa(g.Port)), App: &g.AppID}
}

func scanGrant(r row) (Grant, error) {
	return Grant{ID: r.id(0), ScriptID: r.id(1), AppID: r.id(2), Host: r.text(3), Port: int(r.integer(4)), CreatedBy: r.text(5), CreatedAt: r.time(6)}, nil
}

// grantsByScript orders all grants for the catalog, oldest first.
func grantsByScript(all []*Grant) map[uuid.UUID][]*Grant {
	byScript := make(map[uuid.UUID][]*Grant, len(all))
	for _, grant := range all {
		byScript[grant.ScriptID] = append(byScript[grant.ScriptID], grant)
	}
	return byScript
}

// CreateGrant makes a grant. KindInvalid "invalid_grant" (details.field is
// "host" or "port"), "not_an_endpoint" for a module, "too_many_grants"; a
// conflict "grant_exists".
func (s *Store) CreateGrant(ctx context.Context, script uuid.UUID, draft GrantDraft) (Grant, error) {
	return write(ctx, s, true, func(t *transaction) (Grant, error) { return s.createGrant(t, script, draft) })
}

func (s *Store) createGrant(t *transaction, scriptID uuid.UUID, draft GrantDraft) (Grant, error) {
	target, err := endpoint(t, scriptID)
	if err != nil {
		return Grant{}, err
	}
	host, err := grantHost(draft.Host)
	if err != nil {
		return Grant{}, err
	}
	if draft.Port < 1 || draft.Port > 65535 {
		return Grant{}, invalidGrant("port", "a grant needs a port from 1 to 65535")
	}
	count, err := t.count("SELECT count(*) FROM grants WHERE script_id = ?", scriptID)
	if err == nil && count >= maxGrantsOfScript {
		err = Errorf(KindInvalid, "too_many_grants", "the script has %d grants, the most there may be; grant a network instead", count)
	}
	if err != nil {
		return Grant{}, err
	}
	made := Grant{ID: s.newID(), ScriptID: scriptID, AppID: target.AppID, Host: host, Port: draft.Port, CreatedBy: draft.CreatedBy, CreatedAt: t.at}
	t.touch(made.target())
	t.detail("script", target.Name)
	t.changedCatalog = true
	_, err = t.exec(insertGrant, made.ID, made.ScriptID, made.Host, made.Port, made.CreatedBy, made.CreatedAt)
	if isUnique(err) {
		return Grant{}, Errorf(KindConflict, "grant_exists", "the script has this grant already")
	}
	return made, err
}

func invalidGrant(field, format string, args ...any) *Error {
	err := Errorf(KindInvalid, "invalid_grant", format, args...)
	err.Details = map[string]any{"field": field}
	return err
}

// grantHost checks a host and returns its canonical form.
func grantHost(host string) (string, error) {
	if network, err := netip.ParsePrefix(host); err == nil {
		return homeNetwork(network.Masked(), network.Masked().String())
	}
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return homeNetwork(netip.PrefixFrom(address, address.BitLen()), address.String())
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if !isHostName(name) {
		return "", invalidGrant("host", "a grant's host is an address, a network such as 192.168.1.0/24, or a name such as printer.local")
	}
	return name, nil
}

func homeNetwork(network netip.Prefix, canonical string) (string, error) {
	for _, home := range homeNetworks {
		if home.Bits() <= network.Bits() && home.Contains(network.Addr()) {
			return canonical, nil
		}
	}
	return "", invalidGrant("host", "a grant opens addresses of the home network (127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, ::1, fc00::/7); "+
		"the internet needs none, and others stay shut")
}

// isHostName holds for lower-case names that are no number: those are odd
// spellings of addresses.
func isHostName(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(name) <= maxGrantHostBytes && strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

// Grant returns the grant of that id.
func (s *Store) Grant(_ context.Context, id uuid.UUID) (Grant, error) {
	for _, grants := range s.Catalog().Grants {
		for _, grant := range grants {
			if grant.ID == id {
				return *grant, nil
			}
		}
	}
	return Grant{}, noSuch("grant")
}

// Grants lists a script's grants, oldest first.
func (s *Store) Grants(_ context.Context, script uuid.UUID, page PageRequest) (Page[Grant], error) {
	return pageOf(s, "grants "+script.String(), page, s.Catalog().Grants[script], func(g *Grant) string { return string(g.ID[:]) })
}

// DeleteGrant takes a grant back. Calls in progress go on; the next one finds
// the destination shut.
func (s *Store) DeleteGrant(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, func(t *transaction) error {
		found, err := collect(t, scanGrant, selectGrants+" WHERE g.id = ?", id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return noSuch("grant")
		}
		t.touch(found[0].target())
		t.changedCatalog = true
		_, err = t.exec("DELETE FROM grants WHERE id = ?", id)
		return err
	})
}
