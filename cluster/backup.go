package cluster

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/infra/boundary"
)

// Backup says where backups go and when, and which one to restore.
type Backup struct {
	// Destination is a directory of the control plane, e.g. /var/backups/platform, or a place in S3,
	// e.g. s3:https://s3.eu-central-1.amazonaws.com/bucket/prefix. Empty: no backups.
	Destination string `json:"destination"`
	// Schedule is a calendar event of systemd, e.g. daily or *-*-* 03:00:00.
	Schedule string `json:"schedule"`
	// Keep is how many backups are kept; the oldest go.
	Keep int `json:"keep"`
	// Run is any text; another one takes a backup now. Optional.
	Run string `json:"run"`
	// Restore is a backup to go back to: latest@<any text>, or a point of the output backups; another one restores. Optional.
	Restore string `json:"restore"`
}

// Names of the files that the schedule consists of.
const (
	backupServiceFile = "platform-backup.service"
	backupTimerFile   = "platform-backup.timer"
	dumpsFile         = "dumps.tsv"
)

// inS3 tells that backups leave the machine.
func (b Backup) inS3() bool { return strings.HasPrefix(b.Destination, "s3:") }

// restoresWith is what a restore needs before it can begin; nothing else waits for the password.
func (b Backup) restoresWith(password *step.Done) []pulumi.Resource {
	if b.Restore == "" || password == nil {
		return nil
	}
	return []pulumi.Resource{password.Command}
}

// restoring is the settings that make the control plane go back to a backup.
func (b Backup) restoring() []step.Setting {
	if b.Destination == "" || b.Restore == "" {
		return nil
	}
	return []step.Setting{step.Set("RESTORE", pulumi.String(b.Restore)), b.repository()}
}

func (b Backup) repository() step.Setting {
	return step.Set("REPOSITORY", pulumi.String(b.Destination))
}

// files are the units of the schedule and the list of dumps.
func (b Backup) files(dumps []boundary.Dump) map[string]pulumi.StringInput {
	if b.Destination == "" {
		return nil
	}
	var lines strings.Builder
	for _, d := range dumps {
		fmt.Fprintln(&lines, strings.Join([]string{d.Name, d.Namespace, d.Workload, d.Dump, d.Restore}, "\t"))
	}
	service := unit(
		section{"Unit", []argument{{"Description", "Backup of the cluster"}, {"Wants", "network-online.target"}, {"After", "network-online.target"}}},
		section{"Service", []argument{
			{"Type", "oneshot"}, {"TimeoutStartSec", "3h"},
			{"Environment", "REPOSITORY=" + b.Destination}, {"Environment", fmt.Sprintf("KEEP=%d", b.Keep)},
			{"ExecStart", "/opt/platform/bin/backup.sh"},
		}},
	)
	timer := unit(
		section{"Unit", []argument{{"Description", "Schedule of backups of the cluster"}}},
		// A backup that the machine slept through is taken when it is up again.
		section{"Timer", []argument{{"OnCalendar", b.Schedule}, {"Persistent", "true"}}},
		section{"Install", []argument{{"WantedBy", "timers.target"}}},
	)
	return map[string]pulumi.StringInput{
		dumpsFile: pulumi.String(lines.String()), backupServiceFile: pulumi.String(service), backupTimerFile: pulumi.String(timer),
	}
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

// keepBackupPassword puts the password of the backups on the control plane; nil where there are none.
func keepBackupPassword(args *Args, control *node) (*step.Done, error) {
	if args.Backup.Destination == "" {
		return nil, nil
	}
	return control.Run(step.Step{
		Name: "backup-password", Script: "backup-password.sh", Limit: 120, Output: step.Secret,
		SecretStdin: pulumi.ToSecret(args.BackupPassword).(pulumi.StringOutput).ToStringPtrOutput(),
	})
}

// backUp schedules backups and restores what applications had, once nothing else is left to do. It returns the backups
// that there are; nil without a destination.
func backUp(args *Args, control *node, ready *step.Done) (pulumi.ArrayOutput, error) {
	none := pulumi.Array{}.ToArrayOutput()
	if args.Backup.Destination == "" {
		return none, nil
	}
	waits := []pulumi.Resource{ready.Command}
	if args.Backup.Restore != "" {
		restored, err := control.Run(step.Step{
			Name: "restore-data", Script: "restore-data.sh", Limit: 5400, Output: step.Data, Waits: waits, Files: []string{dumpsFile},
			Settings: args.Backup.restoring(),
		})
		if err != nil {
			return none, err
		}
		waits = append(waits, restored.Command)
	}
	scheduled, err := control.Run(step.Step{
		Name: "backup", Script: "schedule.sh", Limit: 12000, Output: step.Data, Waits: waits,
		Files: []string{backupServiceFile, backupTimerFile, dumpsFile},
		Settings: []step.Setting{
			step.Set("ACTION", pulumi.String("install")), args.Backup.repository(), step.Set("RUN", pulumi.String(args.Backup.Run)),
		},
		Undo: &step.Undo{Script: "schedule.sh", Limit: 120, Settings: []step.Setting{step.Set("ACTION", pulumi.String("remove"))}},
	})
	if err != nil {
		return none, err
	}
	return scheduled.Stdout.ApplyT(readBackups).(pulumi.ArrayOutput), nil
}

// readBackups reads what restic says of the backups in the repository.
func readBackups(text string) ([]any, error) {
	var snapshots []struct {
		Point string `json:"short_id"`
		Time  string `json:"time"`
	}
	if err := json.Unmarshal([]byte(text), &snapshots); err != nil {
		return nil, fmt.Errorf("list of backups: %w", err)
	}
	found := []any{}
	for _, snapshot := range snapshots {
		found = append(found, map[string]any{"point": snapshot.Point, "time": snapshot.Time})
	}
	return found, nil
}
