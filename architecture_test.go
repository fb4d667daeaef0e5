package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// mayImport is the house plan of docs/architecture.md: for each room the other
// rooms it may import. A room that is not here fails the test.
var mayImport = map[string][]string{
	"picloud":                    {"cli"},
	"picloud/cli":                {"cli/client", "deploy", "http", "http/folder", "http/routing", "scheduler", "scheduler/crontime", "runtime", "runtime/lint", "runtime/manual", "runtime/meter", "runtime/sdk", "runtime/egress", "store", "web"},
	"picloud/cli/client":         {"store"},
	"picloud/http":               {"http/folder", "http/routing", "runtime", "runtime/lint", "runtime/signature", "scheduler/crontime", "store", "web"},
	"picloud/http/routing":       {},
	"picloud/http/folder":        {},
	"picloud/scheduler/crontime": {},
	"picloud/scheduler":          {"runtime", "scheduler/crontime", "store"},
	"picloud/runtime":            {"runtime/meter", "runtime/compile", "runtime/stdlib", "runtime/luax", "store"},
	"picloud/runtime/lint":       {"runtime", "runtime/compile"},
	"picloud/runtime/manual":     {"runtime"},
	"picloud/runtime/sdk":        {"runtime", "runtime/luax", "runtime/meter", "runtime/egress", "runtime/signature", "store"},
	"picloud/runtime/egress":     {},
	"picloud/runtime/stdlib":     {"runtime/meter", "runtime/pattern", "runtime/luax"},
	"picloud/runtime/luax":       {"runtime/meter"},
	"picloud/runtime/meter":      {},
	"picloud/runtime/compile":    {},
	"picloud/runtime/pattern":    {},
	"picloud/runtime/signature":  {},
	"picloud/store":              {"sql"},
	"picloud/sql":                {},
	"picloud/deploy":             {},
	"picloud/web":                {},
}

// machinery is what only one room knows: the import's beginning and the rooms
// that may use it, by their beginning.
var machinery = map[string]string{
	"database/sql":                 "picloud/store",
	"modernc.org/sqlite":           "picloud/store",
	"github.com/pressly/goose":     "picloud/store",
	"github.com/yuin/gopher-lua":   "picloud/runtime",
	"github.com/labstack/echo":     "picloud/http",
	"github.com/go-co-op/gocron":   "picloud/scheduler",
	"github.com/alexedwards/argon": "picloud/http",
	"github.com/VictoriaMetrics":   "picloud/http",
	"github.com/spf13":             "picloud/cli",
	"github.com/coreos/go-systemd": "picloud/cli",
	"golang.org/x/crypto/acme":     "picloud/cli",
	"github.com/wneessen/go-mail":  "picloud/runtime/egress",
}

type listedPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func TestImportsFollowTheHousePlan(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	if len(packages) < len(mayImport) {
		t.Errorf("go list shows %d packages, the house plan has %d rooms", len(packages), len(mayImport))
	}
	for _, p := range packages {
		allowed, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s is not a room of the house plan", p.ImportPath)
			continue
		}
		if p.ImportPath != "picloud" && !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go", p.ImportPath)
		}
		for _, imported := range p.Imports {
			checkImport(t, p.ImportPath, imported, allowed)
		}
	}
}

func checkImport(t *testing.T, room, imported string, allowed []string) {
	t.Helper()
	if inside, ok := strings.CutPrefix(imported, "picloud/"); ok && !slices.Contains(allowed, inside) {
		t.Errorf("%s may not import %s", room, imported)
	}
	for prefix, owner := range machinery {
		if strings.HasPrefix(imported, prefix) && !strings.HasPrefix(room, owner) {
			t.Errorf("%s imports %s, which only %s may know", room, imported, path.Base(owner))
		}
	}
}

// Scripts and schedules use time zones by name, and a Pi may have no zone files.
func TestTimeZonesAreInTheBinary(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if !slices.Contains(strings.Fields(string(out)), "time/tzdata") {
		t.Error("nothing imports time/tzdata")
	}
}

// Each dependency that go.mod or the admin page's package.json asks for stands
// in the table of docs/architecture.md with what it is for and why it was taken.
func TestDependenciesHaveTheirReasons(t *testing.T) {
	t.Parallel()
	reasons := dependencyReasons(t)
	for _, name := range append(goDependencies(t), pageDependencies(t)...) {
		family, _, _ := strings.Cut(name, "/")
		if reasons[name] == "" && reasons[family+"/*"] == "" {
			t.Errorf("docs/architecture.md does not say why %s was taken", name)
		}
	}
}

// dependencyReasons reads the table: the last column by each name in the first.
func dependencyReasons(t *testing.T) map[string]string {
	t.Helper()
	_, table, found := strings.Cut(readText(t, "docs/architecture.md"), "\n## Dependencies\n")
	if !found {
		t.Fatal("docs/architecture.md has no section about dependencies")
	}
	reasons := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		for name := range strings.SplitSeq(cells[0], ", ") {
			if len(cells) == 3 {
				reasons[name] = cells[2]
			}
		}
	}
	return reasons
}

// goDependencies are the modules that go.mod names itself, as the table writes
// them: without the host that most are at.
func goDependencies(t *testing.T) (names []string) {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	var module struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	for _, required := range module.Require {
		if !required.Indirect {
			names = append(names, strings.TrimPrefix(required.Path, "github.com/"))
		}
	}
	return names
}

// pageDependencies are the packages that the admin page is built and tested with.
func pageDependencies(t *testing.T) []string {
	t.Helper()
	var manifest struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal([]byte(readText(t, "web/package.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	return slices.AppendSeq(slices.Collect(maps.Keys(manifest.Dependencies)), maps.Keys(manifest.DevDependencies))
}

// Each room's doc.go names the rooms that it may import; cli may import all.
func TestPackageCommentsNameTheirImports(t *testing.T) {
	t.Parallel()
	for room, others := range mayImport {
		folder := strings.TrimPrefix(room, "picloud/")
		if room == "picloud" || folder == "cli" {
			continue
		}
		words := strings.FieldsFunc(readText(t, folder+"/doc.go"), func(r rune) bool { return r != '/' && !unicode.IsLetter(r) })
		for _, other := range others {
			if !slices.Contains(words, other) && !slices.Contains(words, path.Base(other)) {
				t.Errorf("%s/doc.go does not name %s", folder, other)
			}
		}
	}
}

// listPackages asks the Go command for every package of the module and what
// its non-test files import.
func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listedPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
