CREATE TABLE `audit_chain` (
	`id` tinyint unsigned NOT NULL,
	`hash` char(64) NOT NULL,
	CONSTRAINT `audit_chain_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `delivery_attempts` (
	`id` bigint unsigned AUTO_INCREMENT NOT NULL,
	`delivery_id` bigint unsigned NOT NULL,
	`cause` enum('arrival','worker','replay') NOT NULL,
	`outcome` varchar(64),
	`fault` varchar(255),
	`duration_ms` int unsigned NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `delivery_attempts_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `replay_items` (
	`replay_id` int unsigned NOT NULL,
	`delivery_id` bigint unsigned NOT NULL,
	`outcome` varchar(64),
	`changed` tinyint unsigned,
	`fault` varchar(255),
	`done_at` datetime(3),
	CONSTRAINT `replay_items_replay_id_delivery_id_pk` PRIMARY KEY(`replay_id`,`delivery_id`)
);
--> statement-breakpoint
CREATE TABLE `replays` (
	`id` int unsigned AUTO_INCREMENT NOT NULL,
	`actor` varchar(100) NOT NULL,
	`state` enum('running','done','stopped') NOT NULL DEFAULT 'running',
	`dry_run` tinyint unsigned NOT NULL,
	`filter` text NOT NULL,
	`per_second` int unsigned NOT NULL,
	`total` int unsigned NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	`finished_at` datetime(3),
	CONSTRAINT `replays_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
ALTER TABLE `hold_outcomes` MODIFY COLUMN `outcome` enum('ordered','withdrawn','released','expired','lost') NOT NULL;--> statement-breakpoint
ALTER TABLE `audit_log` ADD `idempotency_key` varchar(255) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `audit_log` ADD `fingerprint` char(64);--> statement-breakpoint
ALTER TABLE `audit_log` ADD `reply` mediumtext;--> statement-breakpoint
ALTER TABLE `orders` ADD `refund_reference` varchar(255);--> statement-breakpoint
ALTER TABLE `sales` ADD `buyer_rate` int unsigned;--> statement-breakpoint
ALTER TABLE `sales` ADD `address_rate` int unsigned;--> statement-breakpoint
ALTER TABLE `audit_log` ADD CONSTRAINT `audit_log_once` UNIQUE(`actor`,`idempotency_key`);--> statement-breakpoint
CREATE INDEX `delivery_attempts_by_delivery` ON `delivery_attempts` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `replay_items_to_do` ON `replay_items` (`replay_id`,`done_at`);--> statement-breakpoint
CREATE INDEX `replays_by_state` ON `replays` (`state`);--> statement-breakpoint
ALTER TABLE `orders` ADD CONSTRAINT `orders_refund` CHECK ((state = 'refunded') = (refund_reference is not null));--> statement-breakpoint
CREATE INDEX `orders_by_buyer` ON `orders` (`buyer_id`);