import { expect, test } from 'bun:test';
import { runbookPage } from './page.ts';

test('a section is found under its name in small letters', () => {
  const page = runbookPage('# All\n\n## FlashSaleOne\n\nSee [one](#flashsaleone).\n');
  expect(page).toStartWith('<!doctype html>');
  expect(page).toContain('<h2 id="flashsaleone">FlashSaleOne</h2>');
  expect(page).toContain('<a href="#flashsaleone">one</a>');
  expect(page.trimEnd()).toEndWith('</html>');
});
