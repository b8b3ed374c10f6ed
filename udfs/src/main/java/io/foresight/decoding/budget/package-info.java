/**
 * How far to draft: what a draft token costs, and what it promises. Nothing here asks a model;
 * where a length may change the output it is a function of the row alone ({@link
 * io.foresight.decoding.budget.DraftLength}), elsewhere of what the task saw ({@link
 * io.foresight.decoding.budget.DraftBudget}).
 */
package io.foresight.decoding.budget;
