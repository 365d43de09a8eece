package monitoring

import "ecommerce-platform/infra/boundary"

// maxStorageGiB is what EBS has at the most.
const maxStorageGiB = 16384

// maxRetentionDays is ten years.
const maxRetentionDays = 3650

// Validate returns everything that is wrong with the settings.
func (s Settings) Validate() []error {
	p := boundary.Problems{}
	if s.RetentionDays < 1 || s.RetentionDays > maxRetentionDays {
		p.Addf("monitoring.retentionDays %d: must be between 1 and %d", s.RetentionDays, maxRetentionDays)
	}
	if s.StorageGiB < 1 || s.StorageGiB > maxStorageGiB {
		p.Addf("monitoring.storageGiB %d: must be between 1 and %d", s.StorageGiB, maxStorageGiB)
	}
	if s.Logs.RetentionDays < 1 || s.Logs.RetentionDays > maxRetentionDays {
		p.Addf("monitoring.logs.retentionDays %d: must be between 1 and %d", s.Logs.RetentionDays, maxRetentionDays)
	}
	if s.Logs.StorageGiB < 1 || s.Logs.StorageGiB > maxStorageGiB {
		p.Addf("monitoring.logs.storageGiB %d: must be between 1 and %d", s.Logs.StorageGiB, maxStorageGiB)
	}
	return p.Found()
}
