package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
)

// schemaFolder keeps a whole database of every schema there was, as SQL: what
// instances in the field hold, whatever becomes of the migrations.
const schemaFolder = "../testdata/schemas"

var (
	sampleInstance = uuid.MustParse("6f1f7c52-5c3e-4f0e-8a55-0b6f3a2f9d11")
	sampleKey      = SecretKey([]byte("the key of the sample databases.")[:32])
)

// sampleRows fill what each migration has added, by its number.
var sampleRows = map[int]string{
	1: `INSERT INTO instance (id, created_at) VALUES (x'6f1f7c525c3e4f0e8a550b6f3a2f9d11', 1767225600000);
INSERT INTO users (id, username, role, active, password_hash, created_at) VALUES (x'019b77e0000070008000000000000001', 'ada', 'owner', 1, '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1767225600000);
INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES (zeroblob(32), x'019b77e0000070008000000000000001', 1767225600000, 1767312000000);
INSERT INTO apps (id, slug, name, description, created_at) VALUES (x'019b77e0000070008000000000000002', 'garden', 'Garden', 'What grows', 1767225600000);
INSERT INTO scripts (id, app_id, name, kind, description, version, enabled, access, imports, created_at, updated_at) VALUES (x'019b77e0000070008000000000000003', x'019b77e0000070008000000000000002', 'greet', 'endpoint', '', 2, 1, 'open', '[]', 1767225600000, 1767225600000);
INSERT INTO script_versions (script_id, version, deflated, source, imports, created_by, created_at) VALUES (x'019b77e0000070008000000000000003', 1, 0, CAST('return 1' AS BLOB), '[]', 'ada', 1767225600000), (x'019b77e0000070008000000000000003', 2, 0, CAST('return 2' AS BLOB), '[]', 'ada', 1767225600000);
INSERT INTO routes (id, script_id, app_id, method, host_kind, host, path_kind, path, dispatch_mode, created_at) VALUES (x'019b77e0000070008000000000000004', x'019b77e0000070008000000000000003', x'019b77e0000070008000000000000002', 'GET', 'any', '', 'exact', '/greet', 'sync', 1767225600000);`,
	2: `INSERT INTO users (id, username, role, active, password_hash, created_at) VALUES (x'019b77e0000070008000000000000005', 'bob', 'member', 1, '', 1767225600000);
INSERT INTO app_members (app_id, user_id, role) VALUES (x'019b77e0000070008000000000000002', x'019b77e0000070008000000000000005', 'editor');
INSERT INTO audit_entries VALUES (1, 1767225600000, 1767225600000, 1, 'create_app', NULL, 'ada', NULL, 'app', NULL, 'garden', NULL, '{}', '192.0.2.1', 'r');`,
	3: `INSERT INTO collections (number, app_id, kind, name, floor) VALUES (1, x'019b77e0000070008000000000000002', 'kv', 'sensors', 0), (2, x'019b77e0000070008000000000000002', 'docs', 'readings', 0);
INSERT INTO kv_entries (collection, key, version, updated_at, value) VALUES (1, 'hall', 3, 1767225600000, CAST('{"t":21}' AS BLOB));
INSERT INTO documents (collection, id, rev, created_at, updated_at, data) VALUES (2, 'first', 1, 1767225600000, 1767225600000, jsonb('{"t":21}'));`,
	4: `INSERT INTO triggers (id, app_id, script_id, registered_by, kind, name, enabled, ordered, max_attempts, backoff, base_ms, max_ms, rule, loops_stopped, created_at) VALUES (x'019b77e0000070008000000000000006', x'019b77e0000070008000000000000002', x'019b77e0000070008000000000000003', x'019b77e0000070008000000000000001', 'kv', 'warm', 1, 0, 3, 'exponential', 1000, 60000, '{"collection":"sensors"}', 0, 1767225600000);
INSERT INTO outbox (key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, wait_ms, failures, crashes, bytes, event) VALUES (1000, 1, x'019b77e0000070008000000000000002', x'019b77e0000070008000000000000006', x'019b77e0000070008000000000000003', x'019b77e0000070008000000000000007', 'kv', 1, 1767225600000, 0, 0, 0, 2, CAST('{}' AS BLOB));
INSERT INTO dead_letters (key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, bytes, state, note, error, created_at, attempts, event) VALUES (999, 1, x'019b77e0000070008000000000000002', NULL, x'019b77e0000070008000000000000003', x'019b77e0000070008000000000000008', 'kv', 1, 1767225600000, 2, 'open', '', 'no', 1767225600000, '[]', CAST('{}' AS BLOB));`,
	5: `UPDATE apps SET sandbox_lifted = 1;`,
	6: `INSERT INTO grants (id, script_id, host, port, created_by, created_at) VALUES (x'019b77e0000070008000000000000009', x'019b77e0000070008000000000000003', 'printer.local', 631, 'ada', 1767225600000);`,
	7: `INSERT INTO webhook_ids (app_id, id_hash, expires_at) VALUES (x'019b77e0000070008000000000000002', zeroblob(16), 4000000000000);`,
}

// migrationsUpTo are the embedded ones of the numbers 1 to newest.
func migrationsUpTo(t testing.TB, newest int) fs.FS {
	t.Helper()
	all, some := embeddedMigrations(t), fstest.MapFS{}
	for _, name := range must[[]string](t)(fs.Glob(all, "*.sql")) {
		if name[:4] <= fmt.Sprintf("%04d", newest) {
			some[name] = &fstest.MapFile{Data: must[[]byte](t)(fs.ReadFile(all, name))}
		}
	}
	return some
}

// dumpSchema writes a database of a schema with the sample rows as SQL.
func dumpSchema(t *testing.T, number int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), databaseName)
	c := must[*connection](t)(openConnection(path, creatorOptions))
	defer func() { noError(t, c.close()) }()
	noError(t, runMigrations(t.Context(), path, migrationsUpTo(t, number)))
	for migration := 1; migration <= number; migration++ {
		noError(t, runSQL(t.Context(), c, sampleRows[migration]))
	}
	if number >= 7 {
		sealSample(t, c)
	}
	var dump strings.Builder
	fmt.Fprintf(&dump, "-- A database of schema %d; go test ./store -run TestUpgrade -update makes those that are missing.\n", number)
	var tables []string
	noError(t, c.query(t.Context(), func(r row) error {
		dump.WriteString(r.text(1) + ";\n")
		if r.text(2) == "table" {
			tables = append(tables, r.text(0))
		}
		return nil
	}, "SELECT name, sql, type FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid"))
	for _, table := range tables {
		dumpRows(t, c, &dump, table)
	}
	return dump.String()
}

func dumpRows(t *testing.T, c *connection, dump *strings.Builder, table string) {
	t.Helper()
	var columns []string
	noError(t, c.query(t.Context(), func(r row) error {
		columns = append(columns, "quote("+r.text(0)+")")
		return nil
	}, "SELECT name FROM pragma_table_info(?)", table))
	query := "SELECT concat_ws(', ', " + strings.Join(columns, ", ") + ") FROM " + table
	noError(t, c.query(t.Context(), func(r row) error {
		fmt.Fprintf(dump, "INSERT INTO %s VALUES (%s);\n", table, r.text(0))
		return nil
	}, query))
}

// sealSample gives a database a secret, sealed with the sample key.
func sealSample(t *testing.T, c *connection) {
	t.Helper()
	with := must[sealer](t)(newSealer(sampleKey))
	app := uuid.MustParse("019b77e0-0000-7000-8000-000000000002")
	must[int64](t)(c.exec("UPDATE instance SET sealed_key = ?, key_id = ?", with.seal(make([]byte, 32), instancePlace(sampleInstance)), sampleKey.id()))
	must[int64](t)(c.exec("INSERT INTO secrets (app_id, name, sealed, created_at, updated_at) VALUES (?, 'TOKEN', ?, 1, 1)",
		app, with.seal([]byte("kept"), secretPlace(app, "TOKEN"))))
}

// runSQL executes statements that end with a semicolon at the end of a line.
func runSQL(ctx context.Context, c *connection, text string) error {
	for _, statement := range strings.Split(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := c.queryOnce(ctx, func(row) error { return nil }, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// sampleDatabase makes a data folder as a PiCloud of that schema left it.
func sampleDatabase(t *testing.T, number int) string {
	t.Helper()
	dump := must[[]byte](t)(os.ReadFile(filepath.Join(schemaFolder, fmt.Sprintf("%04d.sql", number))))
	dir := t.TempDir()
	c := must[*connection](t)(openConnection(filepath.Join(dir, databaseName), creatorOptions))
	noError(t, runSQL(t.Context(), c, string(dump)))
	noError(t, c.close())
	noError(t, os.WriteFile(filepath.Join(dir, markerName), []byte(sampleInstance.String()+"\n"), 0o600))
	return dir
}

func sampleConfig(t testing.TB, dir string) Config {
	config := testConfig(t, dir)
	config.SecretKey = KeySource{Name: "the sample key", Key: &sampleKey}
	return config
}

// A database of every schema there ever was becomes one of today's, with all
// that was in it, and leaves a copy of what it was.
func TestUpgradeFromEverySchema(t *testing.T) {
	t.Parallel()
	newest := must[int](t)(newestMigration(embeddedMigrations(t)))
	fresh := schemaOf(t, newTestStore(t))
	for number := 1; number <= newest; number++ {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(schemaFolder, fmt.Sprintf("%04d.sql", number))
			if _, err := os.Stat(path); *update && errors.Is(err, fs.ErrNotExist) {
				noError(t, os.WriteFile(path, []byte(dumpSchema(t, number)), 0o600))
			}
			dir := sampleDatabase(t, number)
			s := openTest(t, sampleConfig(t, dir))
			if s.SchemaVersion() != newest || schemaOf(t, s) != fresh {
				t.Errorf("schema %d after the upgrade is not that of a new database:\n%s", s.SchemaVersion(), schemaOf(t, s))
			}
			noError(t, checkSample(t.Context(), s, number))
			copied := fmt.Sprintf("%s.schema-%d", s.path, number)
			check, err := CheckBackup(t.Context(), copied)
			if upgraded := number < newest; upgraded != (err == nil) || upgraded && (check.Schema != number || check.Instance != sampleInstance) {
				t.Errorf("the copy from before is %+v, %v", check, err)
			}
		})
	}
}

func schemaOf(t *testing.T, s *Store) string {
	t.Helper()
	var all strings.Builder
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		return tx.each(func(r row) error {
			all.WriteString(r.text(0) + "\n")
			return nil
		}, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%' ORDER BY name")
	}))
	return all.String()
}

// checkSample says what of the sample rows up to a schema is not there.
func checkSample(ctx context.Context, s *Store, number int) error {
	var missing []error
	want := func(since int, what string, holds bool) {
		if number >= since && !holds {
			missing = append(missing, fmt.Errorf("%s is missing", what))
		}
	}
	catalog := s.Catalog()
	app := catalog.AppBySlug("garden")
	if app == nil {
		return errors.New("the app is missing")
	}
	script := catalog.ScriptByName(app.ID, "greet")
	if script == nil {
		return errors.New("the script is missing")
	}
	source, _ := s.ScriptSource(ctx, script.ID, 2)
	entry, _ := s.KV(ctx, KVKey{app.ID, "sensors", "hall"})
	document, _ := s.Document(ctx, DocumentKey{app.ID, "readings", "first"})
	letters, _ := s.DeadLetters(ctx, app.ID, nil, PageRequest{})
	deliveries, _ := s.Deliveries(ctx, app.ID, PageRequest{})
	roles, _ := s.AppRole(ctx, uuid.MustParse("019b77e0-0000-7000-8000-000000000005"), app.ID)
	secret, _ := s.OpenAppSecret(app.ID, "TOKEN")
	want(1, "the source", source == "return 2")
	want(1, "the route", len(catalog.Routes) == 1)
	want(2, "the membership", roles == AppEditor)
	want(3, "the entry", entry != nil && string(entry.Value) == `{"t":21}` && entry.Version == 3)
	want(3, "the document", document != nil && string(document.Data) == `{"t":21}`)
	want(4, "the trigger", len(catalog.Triggers) == 1)
	want(4, "the delivery", len(deliveries.Items) == 1)
	want(4, "the dead letter", len(letters.Items) == 1)
	want(5, "the lifted sandbox", app.SandboxLifted)
	want(6, "the grant", len(catalog.Grants[script.ID]) == 1)
	want(7, "the secret", secret == "kept")
	return errors.Join(missing...)
}

// An older binary leaves a newer database alone, whatever schema it has itself.
func TestOlderBinariesRefuseNewerSchemas(t *testing.T) {
	t.Parallel()
	newest := must[int](t)(newestMigration(embeddedMigrations(t)))
	dir := sampleDatabase(t, newest)
	before := must[[]byte](t)(os.ReadFile(filepath.Join(dir, databaseName)))
	for number := 1; number < newest; number++ {
		_, err := open(context.Background(), sampleConfig(t, dir), migrationsUpTo(t, number), false)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has schema %d, this PiCloud knows %d", newest, number)) {
			t.Errorf("a PiCloud of schema %d: %v", number, err)
		}
	}
	if after := must[[]byte](t)(os.ReadFile(filepath.Join(dir, databaseName))); string(after) != string(before) {
		t.Error("the database was changed")
	}
}
