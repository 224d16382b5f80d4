CREATE INDEX `orders_of_sale` ON `orders` (`sale_id`,`state`,`id`,`quantity`);--> statement-breakpoint
DROP INDEX `orders_by_sale` ON `orders`;