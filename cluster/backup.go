package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/infra/boundary"
)

// Backup says where backups go and when, how long they stay, and which of them to restore.
type Backup struct {
	// Destination is a directory of the control plane, e.g. /var/backups/platform, or a place in S3,
	// e.g. s3:https://s3.eu-central-1.amazonaws.com/bucket/prefix. Empty: no backups.
	Destination string `json:"destination"`
	// Schedule says when points are made.
	Schedule BackupSchedule `json:"schedule"`
	// Keep says how long points stay.
	Keep BackupRetention `json:"keep"`
	// Run is any text; another one takes a backup of everything now. Optional.
	Run string `json:"run"`
	// Restore says what to go back to. Optional.
	Restore Restore `json:"restore"`
}

// BackupSchedule has a calendar event of systemd for each kind of point, e.g. hourly or *-*-* 03:00:00.
type BackupSchedule struct {
	// Cluster is when etcd and the cluster's keys are saved, e.g. *:0/15.
	Cluster string `json:"cluster"`
	// Data is when applications are dumped, e.g. hourly.
	Data string `json:"data"`
}

// BackupRetention is in days, and counts from the newest point of a kind, which always stays.
type BackupRetention struct {
	// All is how long every point stays, e.g. 1.
	All int `json:"all"`
	// Hourly is how long one of each hour stays, e.g. 7.
	Hourly int `json:"hourly"`
	// Daily is how long one of each day stays, e.g. 90.
	Daily int `json:"daily"`
}

// Restore names points to go back to: latest@<any text>, or a point of the output backups. A text restores once, also when
// the machine that it was restored on is another one since.
type Restore struct {
	// Cluster is a point that holds etcd. Optional.
	Cluster string `json:"cluster"`
	// Data is a point that holds a dump; overwrite: before it lets it replace data that is there. Optional.
	Data string `json:"data"`
}

// AccessKey opens a storage that is not AWS, or another account's.
type AccessKey struct {
	ID     string `json:"accessKeyId"`
	Secret string `json:"secretAccessKey"`
}

// dumpFields are a dump as a row of the file that scripts read.
func dumpFields(d boundary.Dump) []argument {
	return []argument{
		{"name", d.Name}, {"namespace", d.Namespace}, {"workload", d.Workload}, {"end", d.End},
		{"dump", d.Dump}, {"content", d.Content}, {"restore", d.Restore},
	}
}

// Names of the files that the schedule consists of.
const (
	backupServiceFile      = "platform-backup@.service"
	backupClusterTimerFile = "platform-backup-cluster.timer"
	backupDataTimerFile    = "platform-backup-data.timer"
	dumpsFile              = "dumps.tsv"
)

// inS3 tells that backups leave the machine.
func (b Backup) inS3() bool { return strings.HasPrefix(b.Destination, "s3:") }

// files are the units of the schedule and the list of dumps.
func (b Backup) files(dumps []boundary.Dump) map[string]pulumi.StringInput {
	if b.Destination == "" {
		return nil
	}
	var rows strings.Builder
	for _, d := range dumps {
		var row []string
		for _, field := range dumpFields(d) {
			row = append(row, field.Value)
		}
		fmt.Fprintln(&rows, strings.Join(row, "\t"))
	}
	entries := []argument{{"Type", "oneshot"}, {"TimeoutStartSec", "3h"}, {"Environment", "WHAT=%i"}}
	for _, kept := range b.Keep.settings() {
		entries = append(entries, argument{"Environment", kept.Name + "=" + kept.Value})
	}
	return map[string]pulumi.StringInput{
		dumpsFile: pulumi.String(rows.String()),
		backupServiceFile: pulumi.String(unit(
			section{"Unit", []argument{{"Description", "Backup of the platform: %i"}, {"Wants", "network-online.target"}, {"After", "network-online.target"}}},
			section{"Service", append(entries, argument{"ExecStart", "/opt/platform/bin/backup.sh"})},
		)),
		backupClusterTimerFile: pulumi.String(timer("cluster", b.Schedule.Cluster)),
		backupDataTimerFile:    pulumi.String(timer("data", b.Schedule.Data)),
	}
}

// settings are what backup.sh reads.
func (r BackupRetention) settings() []argument {
	return []argument{
		{"KEEP_ALL", strconv.Itoa(r.All)}, {"KEEP_HOURLY", strconv.Itoa(r.Hourly)}, {"KEEP_DAILY", strconv.Itoa(r.Daily)},
	}
}

// timer starts backups of a kind. One that the machine slept through is taken when it is up again.
func timer(kind, event string) string {
	return unit(
		section{"Unit", []argument{{"Description", "Schedule of backups of the platform: " + kind}}},
		section{"Timer", []argument{{"OnCalendar", event}, {"Persistent", "true"}, {"Unit", "platform-backup@" + kind + ".service"}}},
		section{"Install", []argument{{"WantedBy", "timers.target"}}},
	)
}

type section struct {
	name    string
	entries []argument
}

// unit writes a unit file of systemd.
func unit(sections ...section) string {
	var text strings.Builder
	for i, s := range sections {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "[%s]\n", s.name)
		for _, e := range s.entries {
			fmt.Fprintf(&text, "%s=%s\n", e.Name, e.Value)
		}
	}
	return text.String()
}

// keepBackupPassword puts what it takes to reach and read the backups on the control plane; nil where there are none.
func keepBackupPassword(args *Args, control *node) (*step.Done, error) {
	if args.Backup.Destination == "" {
		return nil, nil
	}
	lines := pulumi.All(args.BackupPassword, args.BackupKey).ApplyT(func(values []any) string {
		password, key := values[0].(string), values[1].(AccessKey)
		if key == (AccessKey{}) {
			return password
		}
		return strings.Join([]string{password, key.ID, key.Secret}, "\n")
	}).(pulumi.StringOutput)
	return control.Run(step.Step{
		Name: "backup-password", Script: "backup-password.sh", Limit: 7200, Output: step.Secret,
		Settings:    []step.Setting{step.Set("ACTION", pulumi.String("install")), step.Set("REPOSITORY", pulumi.String(args.Backup.Destination))},
		SecretStdin: pulumi.ToSecret(lines).(pulumi.StringOutput).ToStringPtrOutput(),
		Undo:        &step.Undo{Script: "backup-password.sh", Limit: 120, Settings: []step.Setting{step.Set("ACTION", pulumi.String("remove"))}},
	})
}

// restoring is the setting that makes the control plane go back to a point.
func (b Backup) restoring() []step.Setting {
	return asked("RESTORE", b.Restore.Cluster)
}

// backUp restores what applications had and schedules backups, once nothing else is left to do. It returns the newest
// points; none without a destination.
func backUp(args *Args, control *node, ready *step.Done) (pulumi.ArrayOutput, error) {
	none := pulumi.Array{}.ToArrayOutput()
	if args.Backup.Destination == "" {
		return none, nil
	}
	waits := []pulumi.Resource{ready.Command}
	if args.Backup.Restore.Data != "" {
		restored, err := control.Run(step.Step{
			Name: "restore-data", Script: "restore-data.sh", Limit: 9000, Output: step.Data, Waits: waits, Files: []string{dumpsFile},
			Settings: []step.Setting{step.Set("RESTORE", pulumi.String(args.Backup.Restore.Data))},
		})
		if err != nil {
			return none, err
		}
		waits = append(waits, restored.Command)
	}
	settings := []step.Setting{
		step.Set("ACTION", pulumi.String("install")),
		step.Set("REPOSITORY", pulumi.String(args.Backup.Destination)), step.Set("RUN", pulumi.String(args.Backup.Run)),
	}
	for _, kept := range args.Backup.Keep.settings() {
		settings = append(settings, step.Set(kept.Name, pulumi.String(kept.Value)))
	}
	scheduled, err := control.Run(step.Step{
		Name: "backup", Script: "schedule.sh", Limit: 12000, Output: step.Data, Waits: waits,
		Files:    []string{backupServiceFile, backupClusterTimerFile, backupDataTimerFile, dumpsFile},
		Settings: settings,
		Undo:     &step.Undo{Script: "schedule.sh", Limit: 120, Settings: []step.Setting{step.Set("ACTION", pulumi.String("remove"))}},
	})
	if err != nil {
		return none, err
	}
	return scheduled.Stdout.ApplyT(readBackups).(pulumi.ArrayOutput), nil
}

// readBackups reads the points that schedule.sh prints: when one was stored, its tags and its name.
func readBackups(text string) ([]any, error) {
	found := []any{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("list of backups: %q is no point", line)
		}
		point := map[string]any{"point": fields[2], "time": fields[0]}
		for tag := range strings.SplitSeq(fields[1], ",") {
			if key, value, ok := strings.Cut(tag, ":"); ok {
				point[key] = value
			}
		}
		found = append(found, point)
	}
	return found, nil
}
