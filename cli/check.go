package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"picloud/http/folder"
	"picloud/runtime"
	"picloud/runtime/lint"
	"picloud/runtime/sdk"
)

// finding is something wrong with a file, and where.
type finding struct {
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	Severity lint.Severity `json:"severity"`
	Code     string        `json:"code"`
	Message  string        `json:"message"`
}

func (f *finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s (%s)", f.File, f.Line, f.Column, f.Severity, f.Message, f.Code)
}

func (r *remote) checkCommand() *cobra.Command {
	return r.named(&cobra.Command{
		Use: "check [DIR | FILE...]", GroupID: groupWork, Short: "Look for mistakes in scripts, without a server", Args: takes(0, 1000),
		Long: "Look for mistakes in an app's folder, the present one unless DIR names another, or in single Lua files: what could\n" +
			"not be saved, names that nothing defines, options that a function refuses, values that nothing uses. It needs no\n" +
			"server, so it does not know what is in the app. Exit code 1 when there is an error; warnings alone are none.",
		Example: "  {{name}} check greenhouse\n  {{name}} check hello.lua -o json",
		RunE: func(_ *cobra.Command, args []string) error {
			findings, err := checkPaths(args)
			if err != nil {
				return err
			}
			if err := r.printFindings(findings); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, func(f finding) bool { return f.Severity == lint.SeverityError }) {
				return errors.New("there are errors")
			}
			return nil
		},
	})
}

func (r *remote) printFindings(findings []finding) error {
	if r.form == formTable {
		for i := range findings {
			if _, err := fmt.Fprintln(r.process.Stdout, plain(findings[i].String())); err != nil {
				return err
			}
		}
		return nil
	}
	return printList(r, findings,
		column[finding]{"file", func(f *finding) string { return f.File }},
		column[finding]{"line", func(f *finding) string { return integer(f.Line) }},
		column[finding]{"column", func(f *finding) string { return integer(f.Column) }},
		column[finding]{"severity", func(f *finding) string { return string(f.Severity) }},
		column[finding]{"code", func(f *finding) string { return f.Code }},
		column[finding]{"message", func(f *finding) string { return f.Message }})
}

// newLinter knows what scripts of this version can call.
func newLinter() *lint.Linter { return lint.New(runtime.Describe(sdk.Modules())) }

// checkPaths checks a folder, or files.
func checkPaths(paths []string) ([]finding, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	linter, findings := newLinter(), []finding{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			files, err := readFolder(path)
			if err != nil {
				return nil, err
			}
			findings = append(findings, checkFolder(linter, path, files)...)
			continue
		}
		source, err := readText(path)
		if err != nil {
			return nil, err
		}
		findings = append(findings, checkSource(linter, path, source)...)
	}
	return findings, nil
}

// checkFolder checks the form of app.toml and every Lua file.
func checkFolder(linter *lint.Linter, dir string, files map[string]string) []finding {
	var findings []finding
	_, problems := folder.Read(files)
	for _, p := range problems {
		findings = append(findings, finding{filepath.Join(dir, filepath.FromSlash(p.File)), p.Line, p.Column, lint.SeverityError, p.Code, p.Message})
	}
	for _, name := range sortedKeys(files) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		unnamed := func(p folder.Problem) bool { return p.File == name && p.Code == "unknown_file" }
		if !folderFile.MatchString(name) && !slices.ContainsFunc(problems, unnamed) {
			findings = append(findings, finding{file, 1, 1, lint.SeverityError, "invalid_name", "a script's name is 1 to 128 letters, digits, dots, hyphens and underscores"})
		}
		if name != folder.Settings {
			findings = append(findings, checkSource(linter, file, files[name])...)
		}
	}
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return findings
}

func checkSource(linter *lint.Linter, file, source string) []finding {
	var findings []finding
	for _, d := range linter.Check(strings.TrimSuffix(filepath.Base(file), ".lua"), source) {
		findings = append(findings, finding{file, d.Line, d.Column, d.Severity, d.Code, d.Message})
	}
	return findings
}
