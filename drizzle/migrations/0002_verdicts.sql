CREATE TABLE `sale_audits` (
	`sale_id` int unsigned NOT NULL,
	`drift` int NOT NULL,
	`is_right` tinyint unsigned NOT NULL,
	`audited_at` datetime(3) NOT NULL,
	CONSTRAINT `sale_audits_sale_id` PRIMARY KEY(`sale_id`)
);
