CREATE INDEX `deliveries_by_sender_key` ON `deliveries` (`sender_key`);--> statement-breakpoint
CREATE INDEX `deliveries_by_outcome` ON `deliveries` (`outcome`);