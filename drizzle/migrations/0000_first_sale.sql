CREATE TABLE `audit_log` (
	`id` bigint unsigned AUTO_INCREMENT NOT NULL,
	`actor` varchar(100) NOT NULL,
	`action` varchar(64) NOT NULL,
	`target` varchar(128) NOT NULL,
	`before` text,
	`after` text,
	`request_id` varchar(64) NOT NULL,
	`previous_hash` char(64) NOT NULL,
	`hash` char(64) NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `audit_log_id` PRIMARY KEY(`id`),
	CONSTRAINT `audit_log_chain` UNIQUE(`previous_hash`)
);
--> statement-breakpoint
CREATE TABLE `buyer_units` (
	`sale_id` int unsigned NOT NULL,
	`buyer_id` varchar(64) character set ascii collate ascii_bin NOT NULL,
	`units` int unsigned NOT NULL,
	CONSTRAINT `buyer_units_sale_id_buyer_id_pk` PRIMARY KEY(`sale_id`,`buyer_id`)
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` bigint unsigned AUTO_INCREMENT NOT NULL,
	`provider` varchar(32) character set ascii collate ascii_bin NOT NULL,
	`dedupe_key` char(64) NOT NULL,
	`sender_key` varchar(255) character set ascii collate ascii_bin,
	`event` varchar(64) character set ascii collate ascii_bin NOT NULL,
	`intent_id` varchar(255) character set ascii collate ascii_bin NOT NULL,
	`hold_id` binary(16),
	`signed` tinyint unsigned NOT NULL,
	`headers` text NOT NULL,
	`body` mediumtext NOT NULL,
	`state` enum('received','parked','processed') NOT NULL DEFAULT 'received',
	`outcome` varchar(64),
	`received_count` int unsigned NOT NULL DEFAULT 1,
	`attempts` int unsigned NOT NULL DEFAULT 0,
	`next_attempt_at` datetime(3),
	`received_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	`last_received_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	`processed_at` datetime(3),
	CONSTRAINT `deliveries_id` PRIMARY KEY(`id`),
	CONSTRAINT `deliveries_once` UNIQUE(`provider`,`dedupe_key`)
);
--> statement-breakpoint
CREATE TABLE `heartbeats` (
	`name` varchar(32) character set ascii collate ascii_bin NOT NULL,
	`beat_at` datetime(3) NOT NULL,
	`paused_until` datetime(3),
	CONSTRAINT `heartbeats_name` PRIMARY KEY(`name`)
);
--> statement-breakpoint
CREATE TABLE `hold_outcomes` (
	`hold_id` binary(16) NOT NULL,
	`sale_id` int unsigned NOT NULL,
	`outcome` enum('ordered','released','expired','lost') NOT NULL,
	`order_id` binary(16),
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `hold_outcomes_hold_id` PRIMARY KEY(`hold_id`),
	CONSTRAINT `hold_outcomes_order` CHECK((outcome = 'ordered') = (order_id is not null))
);
--> statement-breakpoint
CREATE TABLE `operators` (
	`id` int unsigned AUTO_INCREMENT NOT NULL,
	`name` varchar(100) NOT NULL,
	`role` enum('viewer','operator','admin') NOT NULL,
	`token_hash` char(64) NOT NULL,
	`expires_at` datetime(3),
	`revoked_at` datetime(3),
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `operators_id` PRIMARY KEY(`id`),
	CONSTRAINT `operators_name` UNIQUE(`name`),
	CONSTRAINT `operators_token` UNIQUE(`token_hash`)
);
--> statement-breakpoint
CREATE TABLE `orders` (
	`id` binary(16) NOT NULL,
	`hold_id` binary(16) NOT NULL,
	`sale_id` int unsigned NOT NULL,
	`buyer_id` varchar(64) character set ascii collate ascii_bin,
	`quantity` int unsigned NOT NULL,
	`amount_minor` bigint unsigned NOT NULL,
	`currency` char(3) NOT NULL,
	`payment_intent_id` varchar(255) character set ascii collate ascii_bin NOT NULL,
	`state` enum('pending','paid','expired','cancelled','refund_due','refunded') NOT NULL DEFAULT 'pending',
	`pay_by` datetime(3) NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	`updated_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `orders_id` PRIMARY KEY(`id`),
	CONSTRAINT `orders_hold` UNIQUE(`hold_id`),
	CONSTRAINT `orders_payment_intent` UNIQUE(`payment_intent_id`),
	CONSTRAINT `orders_quantity` CHECK(quantity > 0)
);
--> statement-breakpoint
CREATE TABLE `payments` (
	`provider` varchar(32) character set ascii collate ascii_bin NOT NULL,
	`intent_id` varchar(255) character set ascii collate ascii_bin NOT NULL,
	`order_id` binary(16),
	`amount_minor` bigint unsigned,
	`currency` char(3),
	`disposition` enum('applied','late_applied','refund_due','unmatched','mismatch') NOT NULL,
	`delivery_id` bigint unsigned NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `payments_provider_intent_id_pk` PRIMARY KEY(`provider`,`intent_id`)
);
--> statement-breakpoint
CREATE TABLE `products` (
	`id` int unsigned AUTO_INCREMENT NOT NULL,
	`name` varchar(200) NOT NULL,
	`description` text NOT NULL,
	`price_minor` bigint unsigned NOT NULL,
	`currency` char(3) NOT NULL,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `products_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `sales` (
	`id` int unsigned AUTO_INCREMENT NOT NULL,
	`product_id` int unsigned NOT NULL,
	`state` enum('draft','scheduled','live','paused','draining','ended','halted') NOT NULL DEFAULT 'draft',
	`price_minor` bigint unsigned NOT NULL,
	`currency` char(3) NOT NULL,
	`allotment` int unsigned NOT NULL,
	`committed` int unsigned NOT NULL DEFAULT 0,
	`seq` bigint unsigned NOT NULL DEFAULT 0,
	`epoch` bigint unsigned NOT NULL DEFAULT 0,
	`armed_epoch` bigint unsigned NOT NULL DEFAULT 0,
	`opens_at` datetime(3) NOT NULL,
	`closes_at` datetime(3),
	`ended_at` datetime(3),
	`hold_ttl_ms` int unsigned NOT NULL,
	`pay_window_ms` int unsigned NOT NULL,
	`buyer_limit` int unsigned,
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	`selling_product_id` int unsigned GENERATED ALWAYS AS ((case when state in ('live','paused') then product_id end)) STORED,
	CONSTRAINT `sales_id` PRIMARY KEY(`id`),
	CONSTRAINT `sales_one_on_per_product` UNIQUE(`selling_product_id`),
	CONSTRAINT `sales_committed_within_allotment` CHECK(committed <= allotment),
	CONSTRAINT `sales_window` CHECK(closes_at is null or closes_at > opens_at)
);
--> statement-breakpoint
CREATE TABLE `stock_credits` (
	`id` bigint unsigned AUTO_INCREMENT NOT NULL,
	`sale_id` int unsigned NOT NULL,
	`seq` bigint unsigned NOT NULL,
	`units` int unsigned NOT NULL,
	`buyer_id` varchar(64) character set ascii collate ascii_bin,
	`reason` enum('order_expired','order_cancelled','restock') NOT NULL,
	`reference` varchar(64) NOT NULL,
	`delivered_at` datetime(3),
	`created_at` datetime(3) NOT NULL DEFAULT (utc_timestamp(3)),
	CONSTRAINT `stock_credits_id` PRIMARY KEY(`id`),
	CONSTRAINT `stock_credits_once` UNIQUE(`reason`,`reference`),
	CONSTRAINT `stock_credits_seq` UNIQUE(`sale_id`,`seq`),
	CONSTRAINT `stock_credits_units` CHECK(units > 0)
);
--> statement-breakpoint
ALTER TABLE `sales` ADD CONSTRAINT `sales_product_id_products_id_fk` FOREIGN KEY (`product_id`) REFERENCES `products`(`id`) ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX `audit_log_by_target` ON `audit_log` (`target`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`state`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `deliveries_by_intent` ON `deliveries` (`intent_id`);--> statement-breakpoint
CREATE INDEX `deliveries_by_hold` ON `deliveries` (`hold_id`);--> statement-breakpoint
CREATE INDEX `orders_due` ON `orders` (`state`,`pay_by`);--> statement-breakpoint
CREATE INDEX `orders_by_sale` ON `orders` (`sale_id`,`state`);--> statement-breakpoint
CREATE INDEX `payments_by_order` ON `payments` (`order_id`);--> statement-breakpoint
CREATE INDEX `payments_by_disposition` ON `payments` (`disposition`);--> statement-breakpoint
CREATE INDEX `sales_by_product` ON `sales` (`product_id`);--> statement-breakpoint
CREATE INDEX `sales_by_state` ON `sales` (`state`);--> statement-breakpoint
CREATE INDEX `stock_credits_undelivered` ON `stock_credits` (`delivered_at`,`sale_id`);